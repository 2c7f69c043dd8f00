"""The template of a new function, and the deployment of functions to the cloud or to a local SCF."""
