"""What ``tune`` searches of each kind of model, unless ``train.tune.space`` says otherwise."""

from collections.abc import Mapping

from ...config import Space, Values

NETWORKS: Space = {
    "model.embedding": Values(low=2, high=32, log=True),
    "learning_rate": Values(low=3e-4, high=1e-2, log=True),
    "weight_decay": Values(low=1e-6, high=1e-1, log=True),
    "model.dropout": Values(low=0.0, high=0.4),
}
SPACES: Mapping[str, Space] = {
    "linear": {
        "model.bins": Values(low=4, high=64, log=True),
        "model.penalty": Values(low=0.01, high=1000.0, log=True),
    },
    "mlp": {
        "model.hidden": Values(choices=((64, 32), (128, 64), (256, 128), (128, 128, 64))),
        **NETWORKS,
    },
    "tabm": {
        "model.hidden": Values(choices=((64, 64), (128, 128), (256, 256))),
        **NETWORKS,
    },
    "lightgbm": {
        "model.leaves": Values(low=4, high=256, log=True),
        "model.min_leaf_rows": Values(low=5, high=500, log=True),
        "model.shrinkage": Values(low=0.02, high=0.2, log=True),
        "model.column_share": Values(low=0.4, high=1.0),
        "model.penalty": Values(low=0.01, high=100.0, log=True),
    },
}
