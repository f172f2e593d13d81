"""Which labels are most likely wrong, by the model's out-of-fold probabilities."""

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.training.evaluation import Evaluation

SURER_THAN_NOT = 0.5


def find_label_issues(held_out: Evaluation) -> NDArray[np.int64]:
    """Indices of pictures whose label looks wrong, the most suspect first.

    By confident learning (Northcutt et al. 2021): a model that has not seen the picture is surer of
    another class than it is, on average, where that other class is true; and surer than not, as a
    class that the model hardly knows sets a low bar.
    """
    # Its other subpackages are imported with it and take a second.
    from cleanlab.filter import find_label_issues as find

    if len(np.unique(held_out.labels)) < 2:
        return np.empty(0, np.int64)
    found: NDArray[np.int64] = find(
        held_out.labels,
        held_out.probabilities,
        filter_by="confident_learning",
        return_indices_ranked_by="normalized_margin",
        n_jobs=1,
    )
    return found[held_out.confidence[found] > SURER_THAN_NOT]
