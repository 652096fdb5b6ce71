"""What observes a run: `mlflow.py`. A stage never imports it."""
