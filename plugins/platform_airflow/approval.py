"""The question whether a challenger shall score, in Airflow's Required Actions."""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

# The next weekly retraining waits for this one's end.
ANSWER_WITHIN = timedelta(days=6)
APPROVE, REJECT = ApprovalOperator.APPROVE, ApprovalOperator.REJECT

BODY = """
{%- set it = ti.xcom_pull(task_ids=task.asked_by) -%}
The comparison says **{{ it.decision }}**: {{ it.because }}.

| on the frozen evaluation pictures | challenger | champion |
| --- | --- | --- |
{%- set figures = it.figures %}
{%- for name in ("macro_f1", "no_logo_fpr", "ece") %}
| {{ name }} | {{ figures.get("challenger_" ~ name, "") }} \
| {{ figures.get("champion_" ~ name, "") }} |
{%- endfor %}

The challenger is version {{ it.version }}, the champion \
{{ "version " ~ it.champion if it.champion else "none yet" }}.

[The run in MLflow]({{ it.run_url }})
{%- if it.compare_url %} · [both runs compared]({{ it.compare_url }}){% endif %}

*Approve* makes it the champion. *Reject*, or no answer within six days, keeps the present one.
"""


class ApproveChampion(HITLOperator):
    """Asks where ``require_approval`` is set and the task ``asked_by`` decided to promote.

    Else it is skipped. Unlike Airflow's own ``ApprovalOperator`` it lets what follows run after a
    rejection too, which has to be noted.
    """

    def __init__(self, *, asked_by: str, **options: Any) -> None:
        super().__init__(
            subject="Shall version {{ ti.xcom_pull(task_ids=task.asked_by).version }} of "
            "logo-classifier become champion?",
            body=BODY,
            options=[APPROVE, REJECT],
            defaults=REJECT,
            response_timeout=ANSWER_WITHIN,
            # Airflow loses an answer given in the second in which it is asked, and asks again.
            retries=2,
            retry_delay=timedelta(seconds=10),
            **options,
        )
        self.asked_by = asked_by

    def execute(self, context: Context) -> Any:
        """Ask, or skip."""
        decision = context["ti"].xcom_pull(task_ids=self.asked_by)["decision"]
        if not context["params"]["require_approval"]:
            raise AirflowSkipException("Nobody wants to be asked: require_approval is not set.")
        if decision != "promote":
            raise AirflowSkipException(f"Nothing to approve: the decision is to {decision}.")
        return super().execute(context)
