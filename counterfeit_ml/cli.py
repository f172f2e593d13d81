"""`counterfeit`: the platform's commands, the same functions that the DAGs call."""

import json
import mimetypes
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from enum import StrEnum
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from counterfeit_ml import logs
from counterfeit_ml.errors import CounterfeitError, IngestionError, TrainingError
from counterfeit_ml.settings import ConfigSettings, Settings

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
# A log has no width of its own; rich would take 80 columns and cut the tables.
console = Console(width=None if sys.stdout.isatty() else 120)
STACK = "The embedded stack"
REVIEWED = "What people confirmed"
JOB = "The job, stage by stage (for people without Airflow at hand)"


@app.callback()
def every_command(
    context: typer.Context,
    json_logs: Annotated[
        bool, typer.Option("--json-logs", help="Log JSON, an object a line, for a collector.")
    ] = False,
) -> None:
    """Find counterfeit listings: a brand's logo in the picture, a price below its floor."""
    logs.set_up(json_logs)
    began = datetime.now(UTC).isoformat(timespec="seconds")
    logs.bind(command=context.invoked_subcommand, run_id=f"cli__{began}")


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text).isoformat()
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day such as 2026-11-22.") from None
    logs.bind(ds=day)
    return day


Day = Annotated[
    str, typer.Argument(parser=_day, metavar="DAY", help="The partition, such as 2026-11-22.")
]


@app.command(rich_help_panel=STACK)
def up(
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="So many Celery workers, each as a machine of its own, and a broker; with 0 "
            "Airflow runs its tasks itself. [default: as it runs, else 0]",
        ),
    ] = None,
) -> None:
    """Start S3, PostgreSQL, MLflow and Airflow; what runs already is left alone."""
    from counterfeit_ml.stack import up as start

    start(console, workers=workers)


@app.command(rich_help_panel=STACK)
def status() -> None:
    """Show each service, whether it answers, and where; and the alerts of the last day."""
    from counterfeit_ml.stack import show_status

    raise typer.Exit(show_status(console))


@app.command(rich_help_panel=STACK)
def down(
    purge: Annotated[bool, typer.Option("--purge", help="Delete all data as well.")] = False,
) -> None:
    """Stop every service; the data stays unless --purge is given."""
    from counterfeit_ml.stack import down as stop

    stop(console, purge=purge)


@app.command("logs", rich_help_panel=STACK)
def service_log(
    service: Annotated[str, typer.Argument(help="A service, as `counterfeit status` names it.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it is written.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="Begin with the last N lines.")] = 50,
) -> None:
    """Print a service's log."""
    from counterfeit_ml.stack import show_log

    show_log(console, service, follow=follow, lines=lines)


@app.command(rich_help_panel=STACK)
def login() -> None:
    """Print addresses, user names and passwords of the embedded stack."""
    from counterfeit_ml.stack import show_login

    show_login(console)


@app.command(rich_help_panel=STACK)
def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder; it will hold passwords too.")],
) -> None:
    """Copy warehouse, lake, MLflow and Airflow's database, all at work, into a folder.

    It is there once it is whole; its files' hashes stand in backup.json.
    """
    from counterfeit_ml.stack.backup import backup as run

    run(console, folder)


@app.command(rich_help_panel=STACK)
def restore(
    folder: Annotated[Path, typer.Argument(help="What `counterfeit backup` wrote.")],
) -> None:
    """Make a new stack of a backup; only where there is none, and whole or not at all."""
    from counterfeit_ml.stack.backup import restore as run

    run(console, folder)


@app.command(
    rich_help_panel=STACK,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def psql(context: typer.Context) -> None:
    """Open the warehouse in psql as the role that only reads; psql's own options follow.

    For example: counterfeit psql -c 'SELECT * FROM warehouse.current_flags LIMIT 5'
    """
    from counterfeit_ml.stack import run_psql

    run_psql(context.args)


@app.command(
    rich_help_panel=STACK,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def airflow(context: typer.Context) -> None:
    """Run Airflow's own command on the embedded Airflow; its arguments follow.

    For example: counterfeit airflow backfill create --dag-id ingest_listings …
    """
    from counterfeit_ml.stack import run_airflow

    run_airflow(context.args)


@app.command(rich_help_panel=STACK)
def demo(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of real photos and a feed, instead of the sample marketplace."),
    ] = None,
) -> None:
    """Bring everything up and take listings to flags through Airflow, once."""
    from counterfeit_ml.demo import demo as play

    play(console, data)


@app.command(rich_help_panel=JOB)
def ingest(
    day: Annotated[
        str | None,
        typer.Argument(parser=_day, metavar="DAY", help="The partition, such as 2026-11-22."),
    ] = None,
    marketplace: Annotated[
        list[str] | None,
        typer.Option(help="Only this one of config/marketplaces.yaml; may be repeated."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="A feed or a shop's address, instead of its own.")
    ] = None,
    max_pages: Annotated[
        int | None, typer.Option(min=1, help="Fetch at most so many pages of each shop.")
    ] = None,
    max_bytes: Annotated[
        int | None, typer.Option(min=1, help="Fetch at most so many bytes of each shop.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Fetch again what is known to be unchanged.")
    ] = False,
    dry_run: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Only show what this one page gives; nothing is stored."),
    ] = None,
) -> None:
    """Bring a day's listings and pictures into the lake; what is refused goes to quarantine.

    \b
    counterfeit ingest 2026-11-22
        every marketplace
    counterfeit ingest 2026-11-22 --marketplace partner --max-pages 50
        one of them, and only a little
    counterfeit ingest 2026-11-22 --marketplace mine --source mine.jsonl
        a feed that is not configured
    counterfeit ingest --dry-run https://www.example.com/item/1
        what a configuration makes of one page
    """
    if dry_run is not None:
        _preview(dry_run, marketplace or [])
    elif day is None:
        raise typer.BadParameter("give a day such as 2026-11-22, or --dry-run URL.")
    else:
        limits = {"max_pages": max_pages, "max_bytes": max_bytes, "force": force}
        _ingest(day, marketplace or [], source, limits)


def _preview(url: str, marketplaces: list[str]) -> None:
    from counterfeit_ml.ingestion.preview import preview
    from counterfeit_ml.ingestion.report import preview_tables

    if len(marketplaces) > 1:
        raise typer.BadParameter("one page belongs to one marketplace: give a single one.")
    console.print(preview_tables(preview(ConfigSettings.load(), url, *marketplaces)))


def _ingest(day: str, marketplaces: list[str], source: str | None, limits: dict[str, Any]) -> None:
    """One after the other; one that fails does not stop the others."""
    from counterfeit_ml.ingestion.ingest import ingest as run
    from counterfeit_ml.ingestion.marketplaces import choose_marketplaces
    from counterfeit_ml.ingestion.report import summary_tables

    settings, failures = Settings.load(), []
    for name in choose_marketplaces(settings, marketplaces, source):
        try:
            summary = run(settings, day, name, source, **limits)
        except IngestionError as error:
            failures.append(str(error))
        else:
            console.print(summary_tables(asdict(summary)))
    if failures:
        raise IngestionError(" ".join(failures))


@app.command(rich_help_panel=JOB)
def evidence(
    day: Day,
    marketplace: Annotated[str, typer.Argument(help="As in the flag.")],
    listing_id: Annotated[str, typer.Argument(help="As in the flag.")],
    out: Annotated[
        Path | None, typer.Option(help="Where to put it. [default: a file here, named by its hash]")
    ] = None,
) -> None:
    """Fetch the page or record behind a listing as it was on that day, its hash checked."""
    from counterfeit_ml.ingestion.evidence import evidence_of

    found = evidence_of(Settings.load(), day, marketplace, listing_id)
    path = out or Path(f"{found.sha256}{mimetypes.guess_extension(found.media_type) or '.txt'}")
    path.write_bytes(found.raw)
    console.print(f"{path}: {found.source}, taken {found.taken_at}, sha256 {found.sha256}")


@app.command(rich_help_panel=JOB)
def validate(day: Day) -> None:
    """Check a day's listings against their expectations; exit 1 names those that failed."""
    from counterfeit_ml.validation import validate_listings

    console.print(validate_listings(Settings.load(), day))


Brands = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,…|all",
        help="Take these classes, and no_logo where there is one. [default: those of brands.yaml]",
    ),
]


class Origin(StrEnum):
    """How sure a label is: of two for one picture the later here counts."""

    synthetic = "synthetic"
    seed = "seed"
    review = "review"


@app.command(rich_help_panel=JOB)
def labels(
    source: Annotated[
        str,
        typer.Argument(
            help="A folder that holds a folder a class, or a CSV with the columns image, label and "
            "perhaps seller_id; a path or s3://bucket/…"
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option("--name", "--set", help="Name of the set. [default: the source's name]"),
    ] = None,
    origin: Annotated[Origin, typer.Option(help="Who labelled: review counts most.")] = Origin.seed,
    brands: Brands = None,
    hard_negatives: Annotated[
        bool,
        typer.Option(
            "--hard-negatives",
            help="Folders of other makers' goods are taken too, as no_logo: their marks are none "
            "of ours.",
        ),
    ] = False,
) -> None:
    """Bring labelled pictures into the lake, as one set that `retrain` can take.

    What cannot be learned from is refused, counted by reason and named in the log: unreadable,
    tiny or blank pictures, one picture under two labels. Of an animation the first frame counts.
    """
    _import_labels(Settings.load(), source, name, origin, _brands(brands), hard_negatives)


@app.command(rich_help_panel=JOB)
def reviews() -> None:
    """Bring what reviewers decided into the lake, as the label set `reviews`.

    A confirmed flag gives its brand, or the label the reviewer gave; a dismissed one, or a picture
    of the sample, the label given. The last decision counts; where two listings with one picture
    say two things of it, neither does. `retrain` does this first.
    """
    _import_reviews(Settings.load())


def _import_reviews(settings: Settings) -> None:
    from counterfeit_ml.training import import_reviews
    from counterfeit_ml.training.label_summary import summary_tables

    summary = import_reviews(settings)
    console.print("reviews: as it was" if summary is None else summary_tables(summary))


def _import_labels(
    settings: Settings,
    source: str,
    name: str | None,
    origin: str,
    brands: tuple[str, ...],
    hard_negatives: bool = False,
) -> str:
    """The name of the set that it makes."""
    from counterfeit_ml.brands import load_brands
    from counterfeit_ml.lake import Lake
    from counterfeit_ml.training import import_labels, set_name
    from counterfeit_ml.training.label_summary import summary_tables

    label_set = name or set_name(source)
    catalogue = load_brands(settings.config_dir)
    summary = import_labels(
        Lake(settings), catalogue, source, label_set, origin, brands, hard_negatives
    )
    console.print(summary_tables(summary))
    return label_set


def _brands(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


FineTune = Annotated[
    bool, typer.Option(help="Also the network's upper blocks: minutes more, and far better.")
]


@app.command(rich_help_panel=JOB)
def retrain(
    label_set: Annotated[
        list[str] | None, typer.Option("--set", help="A label set; again for more. [default: all]")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same metrics.")] = 2018,
    labels: Annotated[
        str | None, typer.Option(help="Bring this folder or CSV in first, and train on it.")
    ] = None,
    brands: Brands = None,
    fine_tune: FineTune = True,
) -> None:
    """Train the logo model on the labels in the lake; champion if not worse than the present one.

    Exit 0 as well where the champion stays: the reasons are printed.
    """
    from counterfeit_ml.label_sets import ALL_BRANDS
    from counterfeit_ml.training import retrain as run
    from counterfeit_ml.validation import validate_training_images

    settings, chosen, sets = Settings.load(), _brands(brands), list(label_set or ())
    _import_reviews(settings)
    if labels is not None:
        # Whole, so that the set is the same whichever of its classes a training takes.
        every = ALL_BRANDS if chosen else ()
        sets.append(_import_labels(settings, labels, None, Origin.seed, every))
    console.print(validate_training_images(settings, sets, chosen))
    console.print(run(settings, sets, seed, chosen, fine_tune=fine_tune))


FOLDER = {"exists": True, "file_okay": False, "show_default": False}


@app.command(rich_help_panel=JOB)
def evaluate(
    train: Annotated[
        Path, typer.Option(help="Folder to learn from, one folder a class.", **FOLDER)
    ],
    test: Annotated[Path, typer.Option(help="Folder to measure on, laid out alike.", **FOLDER)],
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the measures there, as JSON.")
    ] = None,
    brands: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", help="Only these classes, and no_logo; else all."),
    ] = None,
    fine_tune: FineTune = True,
) -> None:
    """Train on one folder of classes and measure on another; needs no running stack.

    \b
    Any classes will do, ten or four hundred: a folder of pictures each, named
    as you like; no_logo holds what shows none. Measured is the file that would
    score; nothing is registered. Training pictures of which the test has a
    near-duplicate are left out, files that cannot be used are counted.

    \b
    counterfeit evaluate --train train/ --test test/ --out measures.json
        every class; the same measures as JSON
    counterfeit evaluate --train train/ --test test/ --brands gucci,chanel
        two brands, and no_logo where there is one
    """
    from counterfeit_ml.training.trial import run_trial
    from counterfeit_ml.training.trial_report import measures, trial_tables

    if out is not None and not out.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {out.absolute().parent}.", param_hint="--out")
    trial = run_trial(train, test, _brands(brands), ConfigSettings.load().cache_dir, fine_tune)
    console.print(trial_tables(trial))
    if out is not None:
        _write(out, json.dumps(measures(trial), indent=1))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise TrainingError(f"{path} cannot be written: {error.strerror}.") from error
    console.print(f"The measures are in {path}.", markup=False)


@app.command(rich_help_panel=JOB)
def promote(
    version: Annotated[str, typer.Argument(help="As MLflow numbers it.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later; a tag in MLflow.")],
) -> None:
    """Make a version champion by hand, even if it is worse; never if it is broken."""
    from counterfeit_ml.training import promote as run

    console.print(run(Settings.load(), version, reason))


@app.command(rich_help_panel=JOB)
def rollback(
    version: Annotated[
        str | None, typer.Argument(help="A former champion. [default: the one before]")
    ] = None,
) -> None:
    """Make a former champion the champion again; the next day is scored with it."""
    from counterfeit_ml.training import rollback as run

    console.print(run(Settings.load(), version))


@app.command(rich_help_panel=JOB)
def score(day: Day) -> None:
    """Give every active listing of a day its brand and confidence by the champion."""
    from counterfeit_ml.scoring import score as run
    from counterfeit_ml.validation import validate_scored_listings

    settings = Settings.load()
    console.print(str(run(settings, day)))
    console.print(validate_scored_listings(settings, day))


@app.command(rich_help_panel=JOB)
def flag(
    day: Annotated[
        str | None,
        typer.Argument(parser=_day, metavar="DAY", help="The partition, such as 2026-11-22."),
    ] = None,
    day_option: Annotated[
        str | None, typer.Option("--day", parser=_day, metavar="DAY", help="The same.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change; nothing is written.")
    ] = False,
    rules: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="With --dry-run: other rules than config/rules.yaml."),
    ] = None,
) -> None:
    """Put the rules over a day's scored listings, into warehouse.flagged_listings.

    \b
    counterfeit flag 2026-11-22
        make the day's flags what the rules say
    counterfeit flag --dry-run --rules new.yaml 2026-11-22
        which flags other rules would make, clear or change
    """
    from counterfeit_ml.flagging import flag as run
    from counterfeit_ml.flagging import try_rules
    from counterfeit_ml.flagging.report import trial_tables

    if day is None or day_option is not None:
        if (day is None) == (day_option is None):
            raise typer.BadParameter("give one day such as 2026-11-22.")
        day = str(day_option)
    if dry_run:
        console.print(trial_tables(try_rules(Settings.load(), day, rules)))
    elif rules is not None:
        raise typer.BadParameter("flags follow config/rules.yaml: give --rules with --dry-run.")
    else:
        console.print(str(run(Settings.load(), day, run_id="counterfeit flag")))


@app.command(rich_help_panel=JOB)
def drift(day: Day) -> None:
    """Compare a scored day's scores and new pictures with the days before, feature by feature."""
    from counterfeit_ml.lake import Lake
    from counterfeit_ml.monitoring import drift_of, measure_drift
    from counterfeit_ml.monitoring.report import drift_table

    settings = Settings.load()
    found = measure_drift(settings, day)
    console.print(drift_table(found, drift_of(Lake(settings), day)))


@app.command(rich_help_panel=JOB)
def metrics() -> None:
    """Print the last day's figures in Prometheus' text format, for its textfile collector."""
    from counterfeit_ml.monitoring.metrics import exposition

    typer.echo(exposition(Settings.load()), nl=False)


@app.command(rich_help_panel=REVIEWED)
def export(
    file: Annotated[Path, typer.Argument(help="Where to: a name that ends in .csv or .parquet.")],
    marketplace: Annotated[str | None, typer.Option(help="Only of this one.")] = None,
    seller: Annotated[str | None, typer.Option(help="Only of this seller id.")] = None,
    notice: Annotated[int | None, typer.Option(help="Only what this notice names.")] = None,
) -> None:
    """Write the flags that people confirmed to a file, with their evidence, by seller."""
    from counterfeit_ml.takedown import export as run

    done = run(Settings.load(), file, marketplace, seller, notice)
    console.print(
        f"{file}: {done.listings} confirmed listings of {done.sellers} sellers.",
        markup=False,
        soft_wrap=True,
    )


notice = typer.Typer(no_args_is_help=True, help="Takedown notices: what was handed on, its status.")
app.add_typer(notice, name="notice", rich_help_panel=REVIEWED)
Note = Annotated[str | None, typer.Option(help="For instance the marketplace's case number.")]
By = Annotated[str, typer.Option(help="Who does it.", default_factory=getuser)]


@notice.command("open")
def open_notice(
    marketplace: Annotated[str, typer.Argument(help="As in the flags.")],
    seller: Annotated[str, typer.Argument(help="The seller's id, as in the flags.")],
    note: Note = None,
    *,
    by: By,
) -> None:
    """Draft a notice of a seller's confirmed listings that none names yet."""
    from counterfeit_ml.takedown import open_notice as run

    console.print(run(Settings.load(), marketplace, seller, by, note), markup=False)


class NoticeStatus(StrEnum):
    """What became of a notice after it was drafted."""

    sent = "sent"
    acknowledged = "acknowledged"
    removed = "removed"
    rejected = "rejected"


@notice.command("set")
def set_status(
    number: Annotated[int, typer.Argument(help="Of the notice.")],
    status: Annotated[NoticeStatus, typer.Argument(help="What became of it.")],
    note: Note = None,
    *,
    by: By,
) -> None:
    """Note that a notice was sent, acknowledged or rejected, or its listings removed."""
    from counterfeit_ml.takedown import set_status as run

    console.print(run(Settings.load(), number, status, by, note), markup=False)


@notice.command("list")
def list_notices() -> None:
    """Show every notice with its last status, the newest first."""
    from counterfeit_ml.takedown import notices as run

    table = Table("notice", "marketplace", "seller", "listings", "status", "since", "by", "note")
    for one in run(Settings.load()):
        since = f"{one['changed_at'].astimezone(UTC):%Y-%m-%d %H:%M}"
        cells = (one["notice_id"], one["marketplace"], one["seller_id"], one["listings"])
        rest = (one["status"], since, one["changed_by"], one["note"] or "")
        table.add_row(*(Text(str(cell)) for cell in (*cells, *rest)))
    console.print(table)


def main() -> None:
    """Entry point: an error of ours is one sentence and exit code 1, never a traceback."""
    try:
        app()
    except CounterfeitError as error:
        # Not as markup, and unbroken: it may quote anything, and be searched for.
        message = Text.assemble(("error", "bold red"), f" {error}")
        Console(stderr=True).print(message, soft_wrap=True)
        raise SystemExit(1) from None
