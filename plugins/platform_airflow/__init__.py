"""What the DAGs share, and the Airflow plugin: links and the Data Docs page."""
