"""How many actors of Ray there are, and what each may use of the machine."""

from __future__ import annotations

from dataclasses import dataclass, replace

from photoclust.config import EngineConfig
from photoclust.errors import ResourceError


@dataclass(frozen=True)
class Pool:
    """How many actors, what share of a processor and a GPU each has, how many tasks may wait, its threads."""

    actors: int
    cpus: float
    gpus: float = 0.0
    in_flight: int | None = None
    threads: int = 1


@dataclass(frozen=True)
class Pools:
    """The two pools of a job."""

    detect: Pool
    embed: Pool


def plan_pools(config: EngineConfig, cpus: float, gpus: float, beside: float | None = None) -> Pools:
    """Divide `cpus` processors and `gpus` GPUs between the two pools.

    Without a GPU every processor gets a detection actor and every second one an embedding actor as well:
    each pool can fill the machine when the other waits, and the operating system shares it out when
    neither does. With GPUs there is an embedding actor for each, and two that detect, whose threads decode:
    while one waits for photos, the GPU works for the other. But photos are decoded where their faces are
    found; so where most processors are on nodes without a GPU (fewer than half are `beside` one), processors
    detect. Actors ask Ray for half of the processors that there are, so that those of a lost node find room
    on the others.

    Raises
    ------
    ResourceError
        When `config` asks for more than there is.
    """
    for name, wanted, there in (("cpus", config.num_cpus, cpus), ("gpus", config.num_gpus, gpus)):
        if wanted is not None and wanted > there:
            raise ResourceError(
                f"{wanted} {name} were asked for, but Ray has {there:g}.",
                python=f"Ask for fewer, or leave num_{name} out.",
                cli=f"Ask for fewer, or leave --num-{name} out.",
            )
    cpus = cpus if config.num_cpus is None else config.num_cpus
    gpus = gpus if config.num_gpus is None else config.num_gpus
    on_gpus = gpus >= 1 and (beside is None or beside >= cpus / 2)
    detect_actors = config.detect_actors or max(1, min(int(cpus), 2 * int(gpus)) if on_gpus else int(cpus))
    embed_actors = config.embed_actors or (int(gpus) if gpus >= 1 else max(1, int(cpus) // 2))
    detect = Pool(detect_actors, _floor(cpus / 4 / detect_actors))
    if on_gpus:
        share = _floor(min(0.5, gpus / 2 / detect_actors))
        detect = replace(detect, gpus=share, threads=max(1, int(cpus / detect_actors)))
    embed_gpus = _floor(min(1.0, gpus / (1 + on_gpus) / embed_actors)) if gpus else 0.0
    return Pools(detect, Pool(embed_actors, _floor(cpus / 4 / embed_actors), embed_gpus))


def _floor(share: float) -> float:
    """Round down to a hundredth: Ray counts in ten-thousandths and the shares must not add up to too much."""
    return max(0.01, int(share * 100) / 100)
