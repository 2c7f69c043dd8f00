"""The user's folder of functions: looked through, its ``serverless.yml`` read into records, its files watched."""
