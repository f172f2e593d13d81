"""
### Flag listings

Puts the rules of `config/rules.yaml` over the day's scored listings and makes the result the
day's rows of `warehouse.flagged_listings`, in one transaction.

* **For** BI analysts, who query `warehouse.current_flags` as `bi_reader`.
* **Starts** when `score_listings` has made the asset `scored_listings` of the day; for an earlier
  day by hand, for instance after a change of rules: nothing is scored again.
* **Makes** the asset `flagged_listings` of the day.
* **Shows** in its run's tab *Results* how many listings were scored and flagged, by verdict and by
  rule.
* **Try** other rules first: `counterfeit flag --dry-run --rules new.yaml DAY` (docs/rules.md).
* **Fails** when a rules file is wrong (the task's last line names the line) or when the warehouse
  does not answer. Readers see the old day until the new one is complete.
"""

from airflow.sdk import PartitionedAssetTimetable, dag
from platform_airflow.alerts import done_within, on_failure
from platform_airflow.assets import FLAGGED_LISTINGS, SCORED_LISTINGS
from platform_airflow.connections import settings
from platform_airflow.defaults import Owner, Tag
from platform_airflow.steps import day_of, step


@dag(
    schedule=PartitionedAssetTimetable(assets=SCORED_LISTINGS),
    doc_md=__doc__,
    tags=[Tag.FLAGGING, Tag.NIGHTLY],
    default_args={"owner": Owner.DATA},
    on_failure_callback=on_failure,
    deadline=done_within(minutes=30),
    is_paused_upon_creation=False,
)
def flag_listings() -> None:
    """Rules over scores, into the warehouse."""

    @step(outlets=[FLAGGED_LISTINGS])
    def apply_rules(partition_key: str | None = None, run_id: str | None = None) -> dict:
        """Replace the day's flags."""
        from dataclasses import asdict

        from counterfeit_ml.flagging import flag

        return asdict(flag(settings(), day_of(partition_key), str(run_id)))

    apply_rules()


flag_listings()
