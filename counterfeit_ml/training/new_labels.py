"""How many labels have come since the champion learned."""

from dataclasses import dataclass

from counterfeit_ml.brands import load_brands
from counterfeit_ml.errors import NoChampionError
from counterfeit_ml.label_sets import TRAIN
from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import Registry
from counterfeit_ml.settings import Settings
from counterfeit_ml.training.dataset import load_training_set


@dataclass(frozen=True)
class NewLabels:
    """Pictures with a label that the champion's run has not seen; ``champion`` is its version."""

    count: int
    champion: str | None

    def __str__(self) -> str:
        since = f"since version {self.champion}" if self.champion else "and there is no champion"
        return f"{self.count} new labels {since}"


def new_labels(settings: Settings) -> NewLabels:
    """Count the pictures whose label is new, or another one, to the champion.

    All label sets count, as a training takes them: without the pictures kept back for evaluation.
    Raises ``TrainingError`` where they cannot be trained on, ``LakeError`` or ``RegistryError``.
    """
    data = load_training_set(Lake(settings), load_brands(settings.config_dir), ()).part(TRAIN)
    registry = Registry(settings)
    champion = _champion(registry)
    known = registry.labels_of(champion) if champion else set()
    labels = (data.classes[label] for label in data.labels)
    return NewLabels(len(set(zip(data.digests, labels, strict=True)) - known), champion)


def _champion(registry: Registry) -> str | None:
    try:
        return registry.champion()
    except NoChampionError:
        return None
