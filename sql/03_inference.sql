-- What a BI tool would ask, once churn train has registered a model.
-- Run by: churn sql apply inference.

USE SCHEMA <% database %>.MODEL_REGISTRY;

-- The versions, and where they come from.
SELECT v.MODEL_NAME, v.MODEL_VERSION_NAME, l.FEATURE_VIEW, l.LABEL, l.TRAINING_SET, l.RUN, l.AS_OF
FROM <% database %>.INFORMATION_SCHEMA.MODEL_VERSIONS v
LEFT JOIN MODEL_LINEAGE l
  ON l.MODEL_NAME = v.MODEL_NAME AND l.MODEL_VERSION = v.MODEL_VERSION_NAME
ORDER BY v.MODEL_NAME, v.MODEL_VERSION_NAME;

-- The default version, applied to the features of the latest observation window: the twenty likeliest.
SELECT
  <% key %>,
  <% model %>!PREDICT_PROBA(
    <% inputs %>
  ):output_feature_1::FLOAT AS <% probability %>
FROM (
  SELECT h.*
  FROM <% database %>.PREP_DATA.<% history %> h
  JOIN (
    SELECT AS_OF_DATE, OBSERVATION_START
    FROM <% database %>.PREP_DATA.<% history %>
    ORDER BY AS_OF_DATE DESC, OBSERVATION_START DESC
    LIMIT 1
  ) latest
    ON h.AS_OF_DATE = latest.AS_OF_DATE AND h.OBSERVATION_START = latest.OBSERVATION_START
)
ORDER BY <% probability %> DESC, <% key %>
LIMIT 20;

-- The list as churn train and churn score leave it, with the reasons; and what it adds up to.
SELECT RANK, <% key %>, <% probability %>, RISK_BAND, REASON_1
FROM <% database %>.ANALYTICS.<% risk_list %>
QUALIFY ROW_NUMBER() OVER (
  ORDER BY AS_OF_DATE DESC, LENGTH(MODEL_VERSION) DESC, MODEL_VERSION DESC, RANK -- V10 is after V9
) <= 10
ORDER BY RANK;

SELECT <% attributes %>, COUNT(*) AS <% entities %>, SUM(IS_AT_RISK) AS AT_RISK
FROM <% database %>.ANALYTICS.<% risk_list %>
GROUP BY <% attributes %>
ORDER BY <% attributes %>;
