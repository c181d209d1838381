-- What the project needs in an account: a role, a warehouse, a database with its schemas, a stage.
-- Run by: churn sql apply setup. Twice in a row does no harm.
-- USERADMIN and SYSADMIN suffice: nothing here needs ACCOUNTADMIN.

USE ROLE USERADMIN;
CREATE ROLE IF NOT EXISTS <% role %> COMMENT = '<% problem %>: trains, registers and scores';
GRANT ROLE <% role %> TO ROLE SYSADMIN;

USE ROLE SYSADMIN;
CREATE WAREHOUSE IF NOT EXISTS <% warehouse %>
  WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE;
CREATE DATABASE IF NOT EXISTS <% database %> COMMENT = 'The problem <% problem %>';
CREATE SCHEMA IF NOT EXISTS <% database %>.PREP_DATA COMMENT = 'Tables, labels and features';
CREATE SCHEMA IF NOT EXISTS <% database %>.FEATURE_STORE COMMENT = 'Feature views and training sets';
CREATE SCHEMA IF NOT EXISTS <% database %>.MODEL_REGISTRY COMMENT = 'Models and their lineage';
CREATE SCHEMA IF NOT EXISTS <% database %>.EXPERIMENTS COMMENT = 'Experiments and their runs';
CREATE SCHEMA IF NOT EXISTS <% database %>.ANALYTICS COMMENT = 'Predictions and risk lists';
CREATE FILE FORMAT IF NOT EXISTS <% database %>.PREP_DATA.CSV
  TYPE = CSV SKIP_HEADER = 1 FIELD_OPTIONALLY_ENCLOSED_BY = '"' EMPTY_FIELD_AS_NULL = TRUE;
CREATE STAGE IF NOT EXISTS <% database %>.PREP_DATA.LANDING COMMENT = 'Files to load';

-- Least privilege: use everything, create only what the project creates.
GRANT USAGE ON WAREHOUSE <% warehouse %> TO ROLE <% role %>;
GRANT USAGE ON DATABASE <% database %> TO ROLE <% role %>;
GRANT USAGE ON ALL SCHEMAS IN DATABASE <% database %> TO ROLE <% role %>;
GRANT READ, WRITE ON STAGE <% database %>.PREP_DATA.LANDING TO ROLE <% role %>;
GRANT USAGE ON FILE FORMAT <% database %>.PREP_DATA.CSV TO ROLE <% role %>;
GRANT CREATE TABLE, CREATE STAGE, CREATE FILE FORMAT
  ON SCHEMA <% database %>.PREP_DATA TO ROLE <% role %>; -- stage and format: where clients upload
GRANT CREATE TABLE, CREATE VIEW, CREATE TAG, CREATE DATASET
  ON SCHEMA <% database %>.FEATURE_STORE TO ROLE <% role %>;
GRANT CREATE MODEL, CREATE TABLE, CREATE STAGE, CREATE TAG
  ON SCHEMA <% database %>.MODEL_REGISTRY TO ROLE <% role %>;
GRANT CREATE EXPERIMENT ON SCHEMA <% database %>.EXPERIMENTS TO ROLE <% role %>;
GRANT CREATE TABLE ON SCHEMA <% database %>.ANALYTICS TO ROLE <% role %>;
