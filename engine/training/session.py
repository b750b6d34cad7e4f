"""One training from a frozen project to a finished run folder: everything around the loop."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from engine.cancel import CancelToken
from engine.datasets.augment import Augmenter
from engine.datasets.prepare import Prepared, prepare
from engine.device import channels_last, device_name, pick_device
from engine.errors import BadInput
from engine.events import Emit, Notice, Progress
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.spec import NetworkSpec, Shape
from engine.project.spec import ProjectSpec
from engine.tasks.base import TASKS, Task, make_task
from engine.training.averaging import Average
from engine.training.batches import OrderedBatches, TrainingBatches, pool_of
from engine.training.callbacks.advice import Advisor
from engine.training.callbacks.base import Callback
from engine.training.callbacks.best import BestWeights
from engine.training.callbacks.checkpoints import Checkpoints
from engine.training.callbacks.early_stopping import EarlyStopping
from engine.training.callbacks.metrics_file import MetricsFile
from engine.training.callbacks.reporter import Reporter
from engine.training.callbacks.samples import Samples
from engine.training.checkpoint import best_path, last_path, load_best, load_last, load_weights
from engine.training.claim import claimed, noted
from engine.training.compiling import NO_COMPILER, compiles
from engine.training.evaluate import evaluate_part, write_report
from engine.training.events import Advice, RunStarted, RunSummary
from engine.training.group import Group, joined
from engine.training.initialisations.base import initialise
from engine.training.measuring import Runner
from engine.training.optimisers import make_optimiser
from engine.training.precision import Precision
from engine.training.restore import check_plain
from engine.training.run_folder import (
    CONFIG_FILE,
    RunConfig,
    Summary,
    read_config,
    read_network,
    write_config,
    write_summary,
)
from engine.training.schedules import Plan, parse_schedule
from engine.training.spec import TrainingSpec
from engine.training.start import start_from
from engine.training.trainer import Trainer

if TYPE_CHECKING:
    from engine.training.job import TrainJob

log = logging.getLogger(__name__)

# Multiply-accumulates of a step below which one thread is as fast as several (LeNet-5 with 256 pictures: 1.1e8).
SMALL_STEP = 2e8


def train(job: TrainJob, emit: Emit, token: CancelToken) -> RunSummary:
    """Carry out a `TrainJob`; see there. Started by `torchrun`, the processes share every batch between them."""
    device = pick_device(job.project.training.device)
    with joined(device, token) as group, _reproducible():
        if group is not None:
            job = replace(job, run_dir=Path(group.tell(str(job.run_dir))))
            if not group.first:
                return _train(job, device, group, lambda event: None, token)
        with claimed(job.run_dir), noted(job.run_dir):
            return _train(job, device, group, emit, token)


def _train(job: TrainJob, device: torch.device, group: Group | None, emit: Emit, token: CancelToken) -> RunSummary:
    project = _project(job)
    emit(Progress("Reading the pictures"))
    kind = TASKS.get(project.task)
    with contextlib.closing(prepare(project.data, job.root, emit, token, kind.needs, kind.uses)) as prepared:
        return _learn(job, project, prepared, device, group, emit, token)


def _learn(
    job: TrainJob,
    project: ProjectSpec,
    prepared: Prepared,
    device: torch.device,
    group: Group | None,
    emit: Emit,
    token: CancelToken,
) -> RunSummary:
    settings = project.training
    task = make_task(project.task, prepared.classes, project.task_options, label_smoothing=settings.label_smoothing)
    task.learn_samples(prepared.samples)
    task.learn_data(prepared.train.overview())
    emit(Progress("Building the network"))
    torch.set_num_threads(settings.threads or threads_for(project, torch.get_num_threads()))
    model = make_model(project, prepared, task, device)
    resuming = job.resume and last_path(job.run_dir).exists()
    if settings.start_weights and not resuming:
        emit(start_from(model, project.network, settings.start_weights, job.root))
    best = BestWeights()
    alone = group is None or group.first
    callbacks = make_callbacks(settings, job.run_dir, emit, best) if alone else shared_callbacks(settings, emit)
    trainer = make_trainer(project, prepared, task, model, callbacks, token, group)
    if alone:
        _write_config(job, project, prepared, device)
    if resuming:
        _resume(trainer, job.run_dir)
    for warning in _warnings(project, trainer):
        emit(warning)
    emit(
        RunStarted(
            run=str(job.run_dir),
            device=device_name(device),
            parameters=sum(p.numel() for p in model.parameters()),
            first_epoch=trainer.position.epoch,
            epochs=settings.epochs,
            steps_per_epoch=trainer.batches.steps,
            classes=prepared.classes,
            samples=len(prepared.train),
        )
    )
    trainer.fit(settings.epochs)
    if group is not None:
        group.require_equal(model)
    if not alone:
        at = trainer.position
        return RunSummary(str(job.run_dir), {}, at.epoch, at.epoch, at.seconds)
    return _finish(job, prepared, trainer, best, emit)


def _project(job: TrainJob) -> ProjectSpec:
    """The project to train: on a resume that of the run, with the epochs and the device now asked for."""
    if not job.resume or not (job.run_dir / CONFIG_FILE).is_file():
        return job.project
    config = read_config(job.run_dir)
    if config.baseline:
        raise BadInput(f"{job.run_dir.name} is a baseline and has no epochs to go on with.", "Fit it again.")
    kept = config.project(read_network(job.run_dir))
    asked = job.project.training
    changes = {"epochs": asked.epochs, "device": asked.device}
    return kept.with_(training=kept.training.model_copy(update=changes))


def make_model(project: ProjectSpec, prepared: Prepared, task: Task, device: torch.device) -> nn.Module:
    """The network with weights drawn from the seed. Raises `BadInput` where it does not fit the data or the task."""
    network = project.network
    inputs, outputs = ends(network)
    task.check(inputs, outputs, prepared.preprocessor.input_shape)
    torch.manual_seed(project.training.seed)
    model = compile_network(network)
    if not any(p.requires_grad for p in model.parameters()):
        raise BadInput("The network has no weights to learn.", "Add a layer with weights, such as Linear or Conv2d.")
    initialise(project.training.initialisation, model)
    task.start_values(model, network)
    model.to(device)
    return channels_last(model) if project.training.channels_last else model


def ends(network: NetworkSpec) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """The shapes of all Inputs and Outputs by id, without the batch. Raises `BadInput` while there are errors."""
    found = analyse(network)
    if found.errors:
        first = found.errors[0]
        raise BadInput(first.message, first.advice, node=first.node)
    shapes = {node.id: found.nodes[node.id].output_shape for node in (*network.inputs, *network.outputs)}
    known = {id: tuple(shape) for id, shape in shapes.items() if shape is not None}
    return {node.id: known[node.id] for node in network.inputs}, {node.id: known[node.id] for node in network.outputs}


def runner(model: nn.Module, network: NetworkSpec) -> Runner:
    """The network as its task calls it."""
    return Runner(model, [node.id for node in network.outputs])


def learner(model: nn.Module, project: ProjectSpec, task: Task) -> Runner | None:
    """The network as it is trained, where that is another module: one set of weights, two ways to compute."""
    network, settings = project.network, project.training
    drawn = task.training_spec(network)
    if drawn is network and not (settings.compile and compiles()):
        return None
    twin = model
    if drawn is not network:
        twin = compile_network(drawn)
        twin.load_state_dict(model.state_dict(keep_vars=True), assign=True)
    names = [node.id for node in drawn.outputs]
    return Runner(twin, names, channels_last=settings.channels_last, compiled=settings.compile and compiles())


def measured(
    prepared: Prepared, part: str, task: Task, device: torch.device, batch_size: int, seed: int
) -> OrderedBatches:
    """A part as it is measured."""
    pool = pool_of(prepared.part(part), prepared.preprocessor, device)
    return OrderedBatches(pool, batch_size, task.rounds(pool.labels.numpy(), seed), seed)


def make_trainer(
    project: ProjectSpec,
    prepared: Prepared,
    task: Task,
    model: nn.Module,
    callbacks: list[Callback],
    token: CancelToken,
    group: Group | None = None,
) -> Trainer:
    """The loop of a project, its data on the device of the model."""
    settings = project.training
    device = next(model.parameters()).device
    size = settings.batch_size
    augmenter = Augmenter(project.data.augmentation, settings.seed) if project.data.augmentation else None
    if augmenter is not None:
        augmenter.check(task.needs, project.task)
    if settings.readers is not None:
        prepared.employ(settings.readers)
    pool = pool_of(prepared.train, prepared.preprocessor, device)
    batches = TrainingBatches(pool, augmenter, size, settings.seed)
    validation = None
    if len(prepared.validation):
        validation = measured(prepared, "validation", task, device, evaluation_batch(size), settings.seed)
    optimiser = make_optimiser(settings.optimiser, model.named_parameters(), settings.weight_decay)
    schedule = parse_schedule(settings.schedule).make(optimiser, Plan(settings.epochs, batches.steps))
    return Trainer(
        run=Runner(model, [node.id for node in project.network.outputs], channels_last=settings.channels_last),
        learner=learner(model, project, task),
        task=task,
        optimiser=optimiser,
        schedule=schedule,
        batches=batches,
        validation=validation,
        precision=Precision(settings.precision, device),
        callbacks=callbacks,
        clip_norm=settings.clip_norm,
        l1=settings.l1,
        pieces=settings.pieces,
        average=None if settings.ema is None else Average(model, settings.ema),
        group=group,
        seed=settings.seed,
        token=token,
    )


def make_callbacks(settings: TrainingSpec, run_dir: Path, emit: Emit, best: BestWeights) -> list[Callback]:
    """What happens beside the loop, in this order: who judges first, who tells next, who writes the checkpoint last."""
    metrics = MetricsFile(run_dir, best)
    hooks: list[Callback] = [best, metrics, Reporter(emit, settings.epochs, best), Samples(emit)]
    hooks += shared_callbacks(settings, emit)
    return [*hooks, Advisor(emit), Checkpoints(run_dir, settings.checkpoint_every, best)]


def shared_callbacks(settings: TrainingSpec, emit: Emit) -> list[Callback]:
    """Those that decide how the training goes on, and so belong into every process of a group."""
    return [] if settings.early_stopping is None else [EarlyStopping(settings.early_stopping, emit)]


def _resume(trainer: Trainer, run_dir: Path) -> None:
    state = load_last(run_dir)
    path = last_path(run_dir)
    try:
        check_plain(state)
        load_weights(trainer.model, state["model"], path)
        trainer.load(state)
    except (LookupError, TypeError, ValueError, ArithmeticError, RuntimeError, AttributeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise BadInput(
            f"{path} does not fit this run: {reason}.", "Start the training anew.", details=repr(error)
        ) from None


def _write_config(job: TrainJob, project: ProjectSpec, prepared: Prepared, device: torch.device) -> None:
    fresh = RunConfig(
        name=project.name,
        task=project.task,
        task_options=project.task_options,
        classes=prepared.classes,
        data=project.data,
        training=project.training,
        root=str(job.root.resolve()),
        device=device_name(device),
        torch=torch.__version__,
        pictures=prepared.mark,
    )
    if job.resume and (job.run_dir / CONFIG_FILE).is_file():
        before = read_config(job.run_dir)
        if before.classes != prepared.classes:
            raise BadInput(
                f"The run was made with {len(before.classes)} classes and the data now has {len(prepared.classes)}.",
                "Put the pictures back as they were, or start a new run.",
            )
        if before.pictures and before.pictures != prepared.mark:
            # Another split would train on what was kept for the test.
            raise BadInput(
                "The pictures or their split are not those that the run was begun with.",
                "Put the pictures back as they were, or start a new run.",
            )
        fresh = replace(fresh, created=before.created)
    write_config(job.run_dir, project.network, fresh)
    write_summary(job.run_dir, Summary("running"))


def _warnings(project: ProjectSpec, trainer: Trainer) -> Iterator[Notice | Advice]:
    if project.training.precision == "mixed" and trainer.precision.dtype is None:
        yield Notice(
            "info",
            "This device computes 16-bit numbers no faster, so the training uses full precision.",
            kind="precision",
        )
    if project.training.compile and not compiles():
        yield Notice("info", f"{NO_COMPILER} So the network is computed as it is, not compiled.", kind="compile")
    if trainer.validation is None:
        yield Notice(
            "warning",
            "There are no validation pictures, so the best epoch cannot be chosen and the last one is kept.",
            "Give validation a share on the Data page.",
            kind="no_validation",
        )
    for problem in analyse(project.network).problems:
        if problem.kind == "softmax-before-loss":
            yield Advice("double_softmax", problem.message, problem.advice)


def _finish(job: TrainJob, prepared: Prepared, trainer: Trainer, best: BestWeights, emit: Emit) -> RunSummary:
    """Measure the best weights on the test pictures, once, and write the report."""
    test: dict[str, float] = {}
    load_weights(trainer.model, load_best(job.run_dir), best_path(job.run_dir))
    if len(prepared.test):
        emit(Progress("Measuring on the test pictures"))
        evaluation = evaluate_part(trainer.run, trainer.task, prepared, "test", trainer.seed)
        test = dict(evaluation.measures)
        write_report(job.run_dir, evaluation)
    at = trainer.position
    write_summary(job.run_dir, Summary("finished", "", best.epoch, at.epoch, round(at.seconds, 3), test))
    return RunSummary(str(job.run_dir), test, best.epoch, at.epoch, at.seconds)


def threads_for(project: ProjectSpec, available: int) -> int:
    """How many threads compute: one for small networks, which gain nothing from a second, else what there is.

    With two threads on two busy cores LeNet-5 took 16 ms a step instead of 4, for each thread waits for the other.
    It follows from the project and the machine, so that a resumed run rounds its sums as before.
    """
    work = analyse(project.network).totals.macs * project.training.batch_size
    return available if work > SMALL_STEP else 1


def evaluation_batch(batch_size: int) -> int:
    """Pictures at once where no gradients are kept, which takes a fraction of the memory."""
    return max(batch_size, min(4 * batch_size, 512))


@contextlib.contextmanager
def _reproducible() -> Iterator[None]:
    """Let cuDNN choose its algorithms by rule, not by a race between them; and put the number of threads back."""
    threads = torch.get_num_threads()
    before = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = before
        torch.set_num_threads(threads)
