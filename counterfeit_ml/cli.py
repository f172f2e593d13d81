"""`counterfeit`: the platform's commands, the same functions that the DAGs call."""

from typing import Annotated

import typer
from rich.console import Console

from counterfeit_ml.errors import CounterfeitError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Find counterfeit listings: a brand's logo in the picture, a price below its floor.",
)
console = Console()
STACK = "The embedded stack"


@app.command(rich_help_panel=STACK)
def up() -> None:
    """Start S3, PostgreSQL, MLflow and Airflow; what runs already is left alone."""
    from counterfeit_ml.stack import up as start

    start(console)


@app.command(rich_help_panel=STACK)
def status() -> None:
    """Show each service, whether it answers, and where."""
    from counterfeit_ml.stack import show_status

    raise typer.Exit(show_status(console))


@app.command(rich_help_panel=STACK)
def down(
    purge: Annotated[bool, typer.Option("--purge", help="Delete all data as well.")] = False,
) -> None:
    """Stop every service; the data stays unless --purge is given."""
    from counterfeit_ml.stack import down as stop

    stop(console, purge=purge)


@app.command(rich_help_panel=STACK)
def logs(
    service: Annotated[str, typer.Argument(help="A service, as `counterfeit status` names it.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it is written.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="Begin with the last N lines.")] = 50,
) -> None:
    """Print a service's log."""
    from counterfeit_ml.stack import show_log

    show_log(console, service, follow=follow, lines=lines)


def main() -> None:
    """Entry point: an error of ours is one sentence and exit code 1, never a traceback."""
    try:
        app()
    except CounterfeitError as error:
        Console(stderr=True).print(f"[bold red]error[/] {error}", highlight=False)
        raise SystemExit(1) from None
