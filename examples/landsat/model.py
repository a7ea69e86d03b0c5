"""A small U-Net for 32 x 32 chips: two levels down, a bottleneck, two levels up, one logit per pixel."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

FINE, MIDDLE, EMBEDDING = 8, 24, 64  # channels at 32, 16 and 8 pixels; the last ones are the bottleneck


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
    )  # fmt: skip


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = _block(3, FINE), _block(FINE, MIDDLE)
        self.bottleneck = _block(MIDDLE, EMBEDDING)
        self.lift2, self.up2 = nn.ConvTranspose2d(EMBEDDING, MIDDLE, 2, 2), _block(2 * MIDDLE, MIDDLE)
        self.lift1, self.up1 = nn.ConvTranspose2d(MIDDLE, FINE, 2, 2), _block(2 * FINE, FINE)
        self.head = nn.Conv2d(FINE, 1, 1)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Images [B, 3, 32, 32] of uint8 to logits [B, 32, 32] and embeddings [B, 64]."""
        fine = self.down1(images.float() / 255)
        middle = self.down2(functional.max_pool2d(fine, 2))
        deep = self.bottleneck(functional.max_pool2d(middle, 2))
        up = self.up2(torch.cat([self.lift2(deep), middle], 1))
        up = self.up1(torch.cat([self.lift1(up), fine], 1))
        return self.head(up).squeeze(1), deep.mean((2, 3))


def has_data(images: torch.Tensor) -> torch.Tensor:
    """[B, 32, 32]: where the satellite saw something; the border of a scene is 0 in every band."""
    return images.amax(1) > 0


def loss_of(logits: torch.Tensor, images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Mean binary cross-entropy over the pixels that have data."""
    seen = has_data(images)
    each = functional.binary_cross_entropy_with_logits(logits, masks.float(), reduction="none")
    return (each * seen).sum() / seen.sum().clamp(min=1)
