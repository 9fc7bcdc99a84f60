"""`SuccessClassifier`: a calibrated success probability, and the exact share of every fit in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from icp_ml.model.calibration import NOT_MEASURED, Calibration, decide, line_covariance, line_range
from icp_ml.model.features import FeatureMap
from icp_ml.model.inputs import as_clusters, as_frame, as_outcome, as_weight, fits_of, signs_of
from icp_ml.model.learners import LogisticLearner, TreeLearner
from icp_ml.model.parts import FORMAT, ClassifierParts, margin_document, margin_from
from icp_ml.model.selection import LEARNERS, Folds, Sample, Selection, select
from icp_ml.model.served import ServedMargin
from icp_ml.names import PLAYERS

if TYPE_CHECKING:
    import shap

Floats = NDArray[np.float64]

BACKGROUND_ROWS = 5000
LEARNED = ("learner_", "comparison_", "calibration_", "base_rate_", "shift_", "n_features_in_")


class SuccessClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Learn the chance of success of an account, calibrated, with exact contributions of the six fits in log-odds.

    Parameters
    ----------
    fits
        ``{column: fit}``, every column of X under one of the six fits or ``"context"``. None: all under context.
    learner
        ``"logistic"``, ``"lightgbm"``, ``"blend"`` (mean of the two margins) or ``"auto"``, see Notes.
    effects
        ``{column: "increasing" | "decreasing"}``: success may not fall (rise) with this number, all else equal.
    kinds
        ``{column: "numeric" | "categorical"}`` where the column's type does not say it.
    base_rate
        True share of successes when accounts were sampled by outcome; shifts ``base_value_`` only.
    n_folds
        Folds of the cross-validation that chooses and calibrates.
    random_state
        Seed of folds, of row and column sampling, and of the reference customers.

    Attributes
    ----------
    classes_
        (2,) the two labels; the second is success.
    base_value_
        Mean log-odds over the reference customers (those of the training table, at most 5,000 drawn by seed).
    learner_
        The learner that is served.
    comparison_
        The rule, and each candidate's out-of-fold log loss, distance to the best and its standard error.
    calibration_
        Line ``a + b * margin`` that is served, whether it was applied, and why.
    oof_margin_
        (n,) log-odds of the training accounts from fits without them, on the served scale.
    slope_covariance_
        (2, 2) cluster-robust covariance of the line through the out-of-fold margins.

    Notes
    -----
    ``decision_function(X) = a + b * (w1 * linear margin + w2 * tree margin)``, plus a constant for ``base_rate``;
    it equals ``base_value_`` plus the contributions, to rounding. Learner, penalty and number of trees are chosen on
    weighted out-of-fold log loss by the rule in ``comparison_["rule"]``, which is fixed beforehand. Weights (such as
    those of censored outcomes) enter every fit, loss and line; an account of weight 0 is as good as absent.

    References
    ----------
    Jullum, Redelmeier & Aas (2021), groupShapley, arXiv:2106.12228. Platt (1999), Probabilistic outputs for support
    vector machines.

    Examples
    --------
    >>> X = pd.DataFrame({"integrations": [0.0, 1.0, 2.0, 3.0] * 20, "crm": ["a", "b", "b", "a"] * 20})
    >>> y = (X["integrations"] > 1).astype(int)
    >>> model = SuccessClassifier(fits={"integrations": "technical", "crm": "technical"}).fit(X, y)
    >>> contributions = model.fit_contributions(X)
    >>> bool(np.allclose(model.base_value_ + contributions.sum(axis=1), model.decision_function(X)))
    True
    """

    def __init__(
        self,
        fits: Mapping[str, str] | None = None,
        *,
        learner: str = "auto",
        effects: Mapping[str, str] | None = None,
        kinds: Mapping[str, str] | None = None,
        base_rate: float | None = None,
        n_folds: int = 5,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.fits = fits
        self.learner = learner
        self.effects = effects
        self.kinds = kinds
        self.base_rate = base_rate
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Self:
        """Choose, fit and calibrate on accounts whose outcome is known.

        Parameters
        ----------
        X
            (n, n_attributes) DataFrame or array; missing values allowed, text columns are categorical.
        y
            (n,) two different labels; the larger one is success.
        sample_weight
            (n,) non-negative weights, such as those of censored outcomes; None: all 1.
        groups
            (n,) related accounts share a value and never stand on both sides of a fold.

        Raises
        ------
        ValueError
            Settings, columns or labels of the wrong kind, number or length.

        Notes
        -----
        Linear algebra uses one thread meanwhile: with more, thousands of small products took three times the CPU.
        """
        self._check_settings()
        frame = as_frame(self, X, reset=True)
        self.classes_, outcome = as_outcome(self, y, len(frame))
        weight = as_weight(sample_weight, len(frame))
        clusters = as_clusters(groups, len(frame))
        kept = np.flatnonzero(weight > 0)
        if len(np.unique(outcome[kept])) < 2:
            msg = f"y: one class among {len(kept)} accounts with weight; expected two classes. Add the other outcome."
            raise ValueError(msg)
        self.features_ = FeatureMap.learn(frame.iloc[kept], self.kinds)
        matrix = self.features_.transform(frame)
        scaled = weight[kept] / weight[kept].mean()
        sample = Sample(matrix[kept], outcome[kept], scaled, clusters[kept], groups is not None)
        with threadpool_limits(1, user_api="blas"):
            self._fit_sample(sample, kept, matrix)
        return self

    def _check_settings(self) -> None:
        if self.learner not in (*LEARNERS, "auto"):
            msg = f"learner: {self.learner!r}; expected one of {('auto', *LEARNERS)}. Correct it."
            raise ValueError(msg)
        if self.base_rate is not None and not 0 < self.base_rate < 1:
            msg = f"base_rate: {self.base_rate}; expected a share between 0 and 1. Correct it."
            raise ValueError(msg)
        if self.n_folds < 2:
            msg = f"n_folds: {self.n_folds}; expected 2 or more. Correct it."
            raise ValueError(msg)

    def _fit_sample(self, sample: Sample, kept: NDArray[np.intp], matrix: Floats) -> None:
        seed = self._seed()
        signs = signs_of(self.effects, self.features_)
        logistic = LogisticLearner(self.features_.is_numeric, signs, len(sample.y))
        boosted = TreeLearner(signs, len(sample.y), seed)
        folds = sample.folds(self.n_folds, seed)
        selection = select(self.learner, {"logistic": logistic, "lightgbm": boosted}, sample, folds)
        calibration = self._calibrate(selection, sample, folds)
        share = float(np.average(sample.y, weights=sample.weight))
        self.base_rate_ = share if self.base_rate is None else float(self.base_rate)
        self.shift_ = float(logit(self.base_rate_) - logit(share)) if self.base_rate is not None else 0.0
        weights = LEARNERS[self.learner_]
        data = (sample.matrix, sample.y, sample.weight)
        self._served = ServedMargin(
            offset=calibration.a + self.shift_,
            linear_share=calibration.b * weights[0],
            tree_share=calibration.b * weights[1],
            linear=logistic.fit(*data, selection.complexity["logistic"]) if weights[0] else None,
            trees=boosted.fit(*data, selection.complexity["lightgbm"]) if weights[1] else None,
            fit_of_attribute=fits_of(self.fits, self.features_),
            attribute_of_feature=self.features_.attribute_of_feature,
            background=_draw(sample.matrix, seed),
            n_fits=len(PLAYERS),
        )
        self.base_value_ = self._served.base_value
        self._keep_out_of_fold(selection, sample, kept, matrix)

    def _calibrate(self, selection: Selection, sample: Sample, folds: Folds) -> Calibration:
        comparison = selection.comparison
        calibration = decide(comparison.margins, sample.y, sample.weight, folds) if len(folds) else NOT_MEASURED
        self.learner_ = comparison.learner
        paths = {part: {f"{at:g}": loss for at, loss in losses.items()} for part, losses in selection.path_loss.items()}
        self.comparison_ = comparison.as_dict() | {"complexity": dict(selection.complexity), "paths": paths}
        self.calibration_ = calibration.as_dict()
        return calibration

    def _keep_out_of_fold(self, selection: Selection, sample: Sample, kept: NDArray[np.intp], matrix: Floats) -> None:
        """Set ``oof_margin_``; accounts of weight 0 were in no fit, so the served margin is out of fold for them."""
        self.oof_margin_ = self._served.margin(matrix)
        if selection.comparison.margins.size:
            line = self.calibration_
            self.oof_margin_[kept] = line["a"] + line["b"] * selection.comparison.margins[0] + self.shift_
        unshifted = self.oof_margin_[kept] - self.shift_
        self.slope_covariance_ = line_covariance(unshifted, sample.y, sample.weight, sample.clusters)

    def _seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _matrix(self, X: Any) -> Floats:
        check_is_fitted(self, "features_")
        return self.features_.transform(as_frame(self, X, reset=False))

    def decision_function(self, X: Any) -> Floats:
        """Return the served log-odds of success (n,); 0 is a chance of one half."""
        matrix = self._matrix(X)
        return self._served.margin(matrix)

    def predict_proba(self, X: Any) -> Floats:
        """Return (n, 2) probabilities of failure and success."""
        margin = self.decision_function(X)
        return np.column_stack([expit(-margin), expit(margin)])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likelier label of each account (n,)."""
        likelier = self.decision_function(X) > 0
        return np.asarray(self.classes_[likelier.astype(np.int64)])

    def contributions_array(self, X: Any) -> Floats:
        """Return the Shapley value of each fit in log-odds, (n, 7) in the order of ``names.PLAYERS``."""
        matrix = self._matrix(X)
        return self._served.by_fit(matrix)

    def fit_contributions(self, X: Any) -> pd.DataFrame:
        """Return the contribution of each fit and of context, in log-odds.

        Returns
        -------
        pandas.DataFrame
            (n, 7), columns ``names.PLAYERS``. Rows sum to ``decision_function(X) - base_value_``; 0 means no better or
            worse than the reference customers, and a fit without attributes is exactly 0.
        """
        return pd.DataFrame(self.contributions_array(X), columns=list(PLAYERS), index=_index_of(X))

    def attribute_contributions(self, X: Any) -> pd.DataFrame:
        """Return the contribution of each attribute in log-odds, (n, n_attributes).

        Inside each fit they sum to the fit's contribution: Owen values with the fits as unions.
        """
        matrix = self._matrix(X)
        columns = list(self.features_.attributes)
        return pd.DataFrame(self._served.by_attribute(matrix), columns=columns, index=_index_of(X))

    def fit_interactions(self, X: Any) -> Floats:
        """Return interactions of the fits in log-odds, (n, 7, 7) in the order of ``names.PLAYERS``.

        Off the diagonal stands half of what two fits add together beyond each alone (0: none), on it what is left to
        the fit itself: rows sum to `contributions_array`. A linear model has no interactions.
        """
        matrix = self._matrix(X)
        return self._served.by_pair(matrix)

    def explain(self, X: Any) -> shap.Explanation:
        """Return the attribute contributions as a ``shap.Explanation``, for shap's own plots.

        Returns
        -------
        shap.Explanation
            ``values`` (n, n_attributes) and ``base_values`` (n,) in log-odds, ``data`` the attributes as they came.
        """
        import shap

        values = self.attribute_contributions(X)
        data = as_frame(self, X, reset=False).to_numpy(dtype=object)
        base = np.full(len(values), self.base_value_)
        return shap.Explanation(values.to_numpy(), base, data, feature_names=list(values.columns))

    def probability_range(self, margin: ArrayLike) -> tuple[Floats, Floats]:
        """Return a 90 % range for the success share of accounts with these served log-odds.

        The range speaks of all accounts of one score, not of one account, and of the uncertainty of the line through
        the out-of-fold margins: ``margin -+ 1.645 * sqrt([1, m] Cov [1, m]')``, then to probabilities.

        Parameters
        ----------
        margin
            (n,) log-odds from `decision_function`.

        Returns
        -------
        tuple of numpy.ndarray
            (n,) lower and (n,) upper probability.
        """
        check_is_fitted(self, "features_")
        low, high = line_range(np.asarray(margin, dtype=np.float64) - self.shift_, self.slope_covariance_)
        return expit(low + self.shift_), expit(high + self.shift_)

    def to_parts(self) -> ClassifierParts:
        """Return the fitted classifier as JSON-able document, booster text and arrays; nothing is pickled."""
        check_is_fitted(self, "features_")
        settings = {
            name: dict(value) if isinstance(value, Mapping) else value for name, value in self.get_params().items()
        }
        document = {
            "format": FORMAT,
            "settings": settings | {"random_state": self._seed()},
            "classes": {"dtype": self.classes_.dtype.str, "labels": self.classes_.tolist()},
            "learned": {name: getattr(self, name) for name in LEARNED},
            "names": [str(name) for name in getattr(self, "feature_names_in_", [])],
            "features": self.features_.to_document(),
            "served": margin_document(self._served),
            "slope_covariance": self.slope_covariance_.tolist(),
        }
        trees = self._served.trees
        text = None if trees is None else trees.booster.model_to_string()
        return ClassifierParts(document, text, {"background": self._served.background, "oof_margin": self.oof_margin_})

    @classmethod
    def from_parts(cls, parts: ClassifierParts) -> Self:
        """Return the classifier that `to_parts` took apart; the parts must have been verified before.

        Raises
        ------
        ValueError
            The parts have another format version.
        """
        document = parts.document
        if document.get("format") != FORMAT:
            msg = f"classifier: format {document.get('format')!r}; expected {FORMAT}. Train the model again."
            raise ValueError(msg)
        model = cls(**document["settings"])
        for name, value in document["learned"].items():
            setattr(model, name, value)
        if document["names"]:
            model.feature_names_in_ = np.array(document["names"], dtype=object)
        model.classes_ = np.array(document["classes"]["labels"], dtype=np.dtype(document["classes"]["dtype"]))
        model.features_ = FeatureMap.from_document(document["features"])
        model._served = margin_from(document["served"], parts.booster, parts.arrays["background"])
        model.base_value_ = model._served.base_value
        model.oof_margin_ = parts.arrays["oof_margin"]
        model.slope_covariance_ = np.array(document["slope_covariance"], dtype=np.float64)
        return model

    def __sklearn_tags__(self) -> Any:
        """Say what scikit-learn may expect: two classes, text and missing values allowed."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def _draw(matrix: Floats, seed: int) -> Floats:
    """Return the reference customers: all, or 5,000 drawn by seed, in their order."""
    if len(matrix) <= BACKGROUND_ROWS:
        return matrix
    drawn = np.random.default_rng(seed).choice(len(matrix), BACKGROUND_ROWS, replace=False)
    return matrix[np.sort(drawn)]


def _index_of(X: Any) -> pd.Index | None:
    return X.index if isinstance(X, pd.DataFrame) else None
