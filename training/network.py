"""The network that fine-tuning trains: an encoder with a head over its tokens (needs torch)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from training.features import LAYERS

__all__ = ["TokenNetwork"]


class TokenNetwork(nn.Module):
    """Token ids to the log-odds of each label, and last of any label.

    weights   the encoder's tensors by their published names
    config    of `config.json`
    repeats   how many counts of repetition a token has
    priors    (labels + 1,): shares of tokens that bear each label, where the head starts
    dropout   share of hidden states dropped while training

    The head is one linear map of the features of `TokenTable.matrix`, in the same order. Word
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
        settings = BertConfig(
            **{
                **config,
                "hidden_dropout_prob": dropout,
                # As many random numbers as pairs of tokens: a quarter of the time, for no gain.
                "attention_probs_dropout_prob": 0.0,
            },
            attn_implementation="eager",  # the fused kernel's backward is slow on a CPU
        )
        self.encoder = BertModel(settings, add_pooling_layer=False)
        tensors = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
        self.encoder.load_state_dict(
            {name: tensors[name] for name in self.encoder.state_dict() if name in tensors}
        )
        self.encoder.embeddings.requires_grad_(False)
        self.head = nn.Linear(4 * len(LAYERS) * settings.hidden_size + repeats, len(priors))
        nn.init.normal_(self.head.weight, std=0.002)
        self.head.bias.data = torch.logit(torch.tensor(priors, dtype=torch.float32))
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Tensor, mask: Tensor, repeats: Tensor) -> Tensor:
        """ids (windows, tokens + 2) with the special tokens around each window, padded; mask the
        same, 1 for what is no padding; repeats (windows, tokens, counts); to float32 (windows,
        tokens, labels + 1)."""
        found = self.encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        inside = mask[:, 2:, None]
        layers = [found.hidden_states[int(name.removeprefix("hidden_"))] for name in LAYERS]
        states = torch.cat([layer[:, 1:-1] for layer in layers], -1) * inside
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
