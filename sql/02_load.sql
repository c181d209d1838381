-- The tables of the problem (<% tables %>) from CSV files, in place of what they held.
-- Run by: churn sql apply load --data DIR. Rejected rows are counted in the result of COPY INTO.

USE SCHEMA <% database %>.PREP_DATA;

<% load %>

<% counts %>;
