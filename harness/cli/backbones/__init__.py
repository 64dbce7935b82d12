"""``codestilts backbones``."""

from __future__ import annotations

from harness.cli.backbones.check import check
from harness.cli.backbones.new import new
from harness.cli.backbones.show import listed, shown
from harness.cli.catalog import spec_group

backbones = spec_group("backbone", "backbones", listed=listed, shown=shown)
backbones.help = "List, show, add or check backbones."
backbones.add_command(new)
backbones.add_command(check)
