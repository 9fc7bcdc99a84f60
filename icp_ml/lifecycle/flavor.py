"""Let MLflow's own tools score with a bundle: `mlflow.pyfunc.load_model` calls `_load_pyfunc`, and no pickle is read.

Our commands never come this way: they fetch the bundle with `icp_ml.lifecycle.registry` and ignore the ``MLmodel``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class BundlePredictor:
    """A bundle with the ``predict`` that MLflow expects.

    Parameters
    ----------
    model : SuccessModel
        A loaded model.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return one row of score columns per accepted prospect, in input order.

        Parameters
        ----------
        model_input : DataFrame of shape (n, columns)
            Prospects, with the columns of the study.
        params : dict, optional
            Not used; MLflow passes it.

        Returns
        -------
        DataFrame
            The columns of the score file.
        """
        from icp_ml.prospects.score import score_frame

        del params
        return score_frame(model_input, self.model)


def _load_pyfunc(path: str) -> BundlePredictor:
    from icp_ml.model import load_model

    return BundlePredictor(load_model(path))
