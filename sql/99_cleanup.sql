-- Removes everything that 01_setup.sql made, with all that is in it, and nothing else.
-- Run by: churn sql destroy, which shows this first.

USE ROLE SYSADMIN;
DROP DATABASE IF EXISTS <% database %>;
DROP WAREHOUSE IF EXISTS <% warehouse %>;
USE ROLE USERADMIN;
DROP ROLE IF EXISTS <% role %>;
