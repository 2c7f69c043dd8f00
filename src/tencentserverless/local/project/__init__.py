"""The user's folder of functions: searches it, reads its ``serverless.yml`` files into records, watches its files."""
