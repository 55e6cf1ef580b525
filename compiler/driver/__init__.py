"""The driver: the pipeline from a model file to a build directory, the Python API and the command line."""
