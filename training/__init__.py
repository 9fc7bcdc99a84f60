"""The entry points of the MLflow project, one module each: their flags are MLproject's, their work is the command's."""
