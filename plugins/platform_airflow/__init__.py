"""What the five DAGs share, and the Airflow plugin: links and the Data Docs page."""
