import socket

import pytest

from counterfeit_ml.stack.ports import GRPC_OFFSET, USUAL_PORTS, choose_ports, is_free


@pytest.fixture
def listener():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(listener):
    assert not is_free(listener)


def test_a_free_port_that_is_wanted_is_kept(unused_port):
    assert choose_ports({"mlflow_port": unused_port})["mlflow_port"] == unused_port


def test_another_port_is_chosen_where_the_wanted_one_is_taken(listener):
    chosen = choose_ports({"mlflow_port": listener})["mlflow_port"]
    assert chosen != listener
    assert is_free(chosen)


def test_a_taken_grpc_port_rules_out_its_http_port(listener):
    wanted = listener - GRPC_OFFSET
    assert choose_ports({"s3_port": wanted})["s3_port"] != wanted


def test_no_port_is_given_twice():
    chosen = choose_ports(dict.fromkeys(USUAL_PORTS, 12345))
    grpc = [port + GRPC_OFFSET for name, port in chosen.items() if name.startswith("s3_")]
    assert len({*chosen.values(), *grpc}) == 10 + 5
