import psycopg


def test_light_services_answer(services):
    with psycopg.connect(services.stack.bi_reader_uri) as connection:
        assert connection.execute("SELECT count(*) FROM warehouse.flagged_listings").fetchone() == (
            0,
        )
