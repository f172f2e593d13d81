"""
### Score listings

Gives every active listing the brand that the champion sees in its picture, and how surely: those
of the day, and those seen lately and not since (`active` in `listing_history/`). A picture is
scored once for each model version; the day's partition always holds all listings under one of them.

* **For** data engineers, who watch the night run, and for flagging, which reads its result.
* **Starts** when `validate_listings` has passed the day.
* **Makes** `image_scores/model=…` and `scored_listings/ds=…`, and the asset `scored_listings` of
  the day, which starts `flag_listings`.
* **Shows** in the run's *Results* how many pictures were scored and reused, how fast, by which
  model version; while it runs, how far it is.
* **Fails** when there is no champion yet (run `retrain_logo_model` once), when the champion has
  other classes than `config/brands.yaml`, or when the scores fail
  `expectations/scored_listings.json`. A shard that fails is retried by itself and leaves nothing
  visible; after a failure run it again: what was scored is not scored again.
"""

from airflow.sdk import PartitionedAssetTimetable, dag
from platform_airflow.alerts import done_within, on_failure
from platform_airflow.assets import SCORED_LISTINGS, VALIDATED_LISTINGS
from platform_airflow.connections import settings
from platform_airflow.defaults import Owner, Tag
from platform_airflow.steps import day_of, step


@dag(
    schedule=PartitionedAssetTimetable(assets=VALIDATED_LISTINGS),
    doc_md=__doc__,
    tags=[Tag.SCORING, Tag.NIGHTLY],
    default_args={"owner": Owner.DATA},
    on_failure_callback=on_failure,
    deadline=done_within(hours=3),
    is_paused_upon_creation=False,
    # Two days at once would score the pictures they share twice.
    max_active_runs=1,
)
def score_listings() -> None:
    """Pictures to probabilities, shard by shard."""

    @step()
    def choose_model() -> str:
        """The champion's version, which scores the whole day."""
        from counterfeit_ml.scoring import champion

        return champion(settings())

    @step()
    def plan_shards(model_version: str, partition_key: str | None = None) -> list[str]:
        """Cut the pictures without a score into shards."""
        from counterfeit_ml.scoring import plan

        return plan(settings(), day_of(partition_key), model_version)

    @step(pool="scoring")
    def score_shard(shard: str, model_version: str) -> str:
        """Score one shard, unseen by readers until it is published."""
        from counterfeit_ml import scoring

        return scoring.score_shard(settings(), model_version, shard)

    @step(trigger_rule="none_failed")
    def publish_scores(
        staged: list[str], model_version: str, partition_key: str | None = None
    ) -> dict:
        """Publish the shards and every active listing with its scores."""
        from dataclasses import asdict

        from counterfeit_ml.scoring import publish

        day = day_of(partition_key)
        return asdict(publish(settings(), day, model_version, list(staged or [])))

    @step(task_id="validate_scored_listings", outlets=[SCORED_LISTINGS])
    def validate(partition_key: str | None = None) -> dict:
        """Run the suite over what was published."""
        from dataclasses import asdict

        from counterfeit_ml import validation

        return asdict(validation.validate_scored_listings(settings(), day_of(partition_key)))

    model = choose_model()
    staged = score_shard.partial(model_version=model).expand(shard=plan_shards(model))
    publish_scores(staged, model) >> validate()


score_listings()
