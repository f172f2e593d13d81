"""What the DAGs share, and the Airflow plugin: links and our pages."""
