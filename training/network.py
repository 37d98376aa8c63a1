"""The network that fine-tuning trains: an encoder with a head over its tokens (needs torch)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

__all__ = ["TokenNetwork"]


class TokenNetwork(nn.Module):
    """Token ids to the log-odds of each label, and last of any label.

    weights   the encoder's tensors by their published names
    config    of `config.json`; its `model_type` is one that the transformers library knows
    repeats   how many counts of repetition a token has
    priors    (labels + 1,): shares of tokens that bear each label, where the head starts
    dropout   share of hidden states dropped while training

    The head is one linear map of the features of `TokenTable.matrix`, in the same order, from the
    states at a third, two thirds and the end of the encoder's depth (of six layers: `LAYERS`). Word
    embeddings are not trained: a corpus holds too few of the words.
    """

    def __init__(
        self,
        weights: Mapping[str, NDArray[np.float32]],
        config: Mapping[str, Any],
        repeats: int,
        priors: NDArray[np.float64],
        dropout: float,
    ) -> None:
        super().__init__()
        own = {key: value for key, value in config.items() if key != "model_type"}
        # As many random numbers as pairs of tokens: much of the time, for no gain.
        own |= {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": 0.0}
        settings = AutoConfig.for_model(config["model_type"], **own)
        self.encoder = AutoModel.from_config(
            settings,
            add_pooling_layer=False,
            attn_implementation="eager",  # the fused kernel's backward is slow on a CPU
        )
        depth = settings.num_hidden_layers
        self._layers = (depth // 3, 2 * depth // 3, depth)
        tensors = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
        self.encoder.load_state_dict(
            {name: tensors[name] for name in self.encoder.state_dict() if name in tensors}
        )
        self.encoder.embeddings.requires_grad_(False)
        self.head = nn.Linear(4 * len(self._layers) * settings.hidden_size + repeats, len(priors))
        nn.init.normal_(self.head.weight, std=0.002)
        self.head.bias.data = torch.logit(torch.tensor(priors, dtype=torch.float32))
        self.dropout = nn.Dropout(dropout)
        _hasten_dropout(self)

    def forward(self, ids: Tensor, mask: Tensor, repeats: Tensor) -> Tensor:
        """ids (windows, tokens + 2) with the special tokens around each window, padded; mask the
        same, 1 for what is no padding; repeats (windows, tokens, counts); to float32 (windows,
        tokens, labels + 1)."""
        found = self.encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        inside = mask[:, 2:, None]
        layers = [found.hidden_states[number][:, 1:-1] for number in self._layers]
        states = torch.cat(layers, -1) * inside
        edge = torch.zeros_like(states[:, :1])
        before = torch.cat([edge, states[:, :-1]], 1)
        after = torch.cat([states[:, 1:], edge], 1)
        mean = (states.sum(1) / inside.sum(1))[:, None].expand_as(states)
        features = self.dropout(torch.cat([states, before, after, mean], -1))
        decisions: Tensor = self.head(torch.cat([features, repeats.to(features.dtype)], -1))
        return decisions.float()

    def encoder_weights(self) -> dict[str, NDArray[np.float32]]:
        """The encoder's tensors by their published names."""
        return {name: value.numpy() for name, value in self.encoder.state_dict().items()}

    def head_weights(self) -> dict[str, NDArray[np.float32]]:
        """`weights` (features, labels + 1) and `bias` (labels + 1,)."""
        weight, bias = self.head.weight.detach().numpy(), self.head.bias.detach().numpy()
        return {"weights": np.ascontiguousarray(weight.T), "bias": bias}

    def write(self, folder: Path) -> None:
        """Write `model.safetensors` and `head.safetensors` into a folder."""
        save_file(self.encoder_weights(), folder / "model.safetensors")
        save_file(self.head_weights(), folder / "head.safetensors")

    @classmethod
    def read(cls, folder: Path, config: Mapping[str, Any]) -> "TokenNetwork":
        """What `write` left in a folder, ready to predict; config as for a new one."""
        head = load_file(folder / "head.safetensors")
        features, columns = head["weights"].shape
        weights = load_file(folder / "model.safetensors")
        network = cls(weights, config, 0, np.full(columns, 0.5), 0.0)
        network.head = nn.Linear(features, columns)
        network.take_head(head)
        network.eval()
        return network

    def take_head(self, head: Mapping[str, NDArray[np.float32]]) -> None:
        """Go on with a head as `head_weights` gives it."""
        self.head.weight.data = torch.from_numpy(np.ascontiguousarray(head["weights"].T))
        self.head.bias.data = torch.from_numpy(np.array(head["bias"]))


class _Dropout(nn.Dropout):
    """Dropout (Srivastava et al., JMLR 2014) that takes one byte of chance for each number, and so
    rounds its share to 256ths: on a CPU, torch's own takes a fifth of a training.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Values of any shape; while training some are 0, and the others larger by as much."""
        dropped = round(256 * self.p)
        if not (self.training and dropped):
            return values
        words = torch.empty(-(-values.numel() // 4), dtype=torch.int32)
        chance = words.random_(-(2**31), 2**31 - 1).view(torch.uint8)[: values.numel()]
        kept = (chance >= dropped).to(values.dtype) * (256 / (256 - dropped))
        return values * kept.view(values.shape)


def _hasten_dropout(network: nn.Module) -> None:
    for module in list(network.modules()):
        for name, part in list(module.named_children()):
            if isinstance(part, nn.Dropout):
                setattr(module, name, _Dropout(part.p))
