"""The gRPC service `pulumirpc.LanguageRuntime`: one method per thing the engine asks of a language."""

# ruff: noqa: ARG002 - gRPC hands request and context to every method

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import language_pb2 as proto
from pulumi.runtime.proto import language_pb2_grpc, plugin_pb2

from lab.language_host import ENGINE_VERSION, commands
from lab.language_host.children import Children
from lab.language_host.interpreter import Interpreter, NoInterpreterError, Project, find_interpreter, is_virtualenv
from lab.language_host.packages import Plugin, read_packages, read_plugins, read_version

_CHUNK = 65536


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Starts programs and plugins for one engine. State is the set of running children, nothing else."""

    def __init__(self, *, engine: str, executor: Path, children: Children) -> None:
        self._engine = engine
        self._executor = executor
        self._children = children

    def Handshake(self, request: proto.LanguageHandshakeRequest, context: grpc.ServicerContext) -> proto.LanguageHandshakeResponse:
        """Learn the engine's address."""
        self._engine = request.engine_address or self._engine
        return proto.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Say which version this host stands for."""
        return plugin_pb2.PluginInfo(version=ENGINE_VERSION)

    def GetRequiredPackages(
        self, request: proto.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> proto.GetRequiredPackagesResponse:
        """Name the plugins that the installed SDKs need, so that the engine finds a missing one before it starts."""
        return proto.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(name=plugin.name, kind="resource", version=plugin.version, server=plugin.server)
                for plugin in self._plugins(request.info, context)
            ]
        )

    def GetRequiredPlugins(
        self, request: proto.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> proto.GetRequiredPluginsResponse:
        """The same for engines that ask the older way."""
        return proto.GetRequiredPluginsResponse(
            plugins=[
                plugin_pb2.PluginDependency(name=plugin.name, kind="resource", version=plugin.version, server=plugin.server)
                for plugin in self._plugins(request.info, context)
            ]
        )

    def Run(self, request: proto.RunRequest, context: grpc.ServicerContext) -> proto.RunResponse:
        """Run a program to its end. Its output goes straight to the engine; its own errors get no words added."""
        try:
            interpreter = _interpreter(request.info)
        except NoInterpreterError as error:
            return proto.RunResponse(error=str(error))
        child = self._children.start(
            commands.program_command(interpreter, self._executor, self._engine, request),
            cwd=Path(request.info.root_directory),
            env=commands.program_environment(interpreter, request, os.environ),
        )
        if child is None:
            return proto.RunResponse(bail=True)
        context.add_callback(lambda: self._children.terminate(child))
        return commands.outcome(self._children.wait(child), stopped=self._children.stopping)

    def RunPlugin(self, request: proto.RunPluginRequest, context: grpc.ServicerContext) -> Iterator[proto.RunPluginResponse]:
        """Run a plugin written in Python (a policy pack) and stream its output, then its exit code."""
        interpreter = self._interpreter_or_abort(request.info, context)
        child = self._children.start(
            commands.plugin_command(interpreter, request),
            cwd=Path(request.info.program_directory if request.kind == "analyzer" else request.pwd or request.info.program_directory),
            env=commands.plugin_environment(interpreter, request.env, os.environ),
            piped=True,
        )
        if child is None:
            yield proto.RunPluginResponse(exitcode=1)
            return
        # Runs when the engine closes the stream: that is how it tells a plugin to go.
        context.add_callback(lambda: self._children.terminate(child))
        yield from _output(child)
        yield proto.RunPluginResponse(exitcode=self._children.wait(child))

    def About(self, request: proto.AboutRequest, context: grpc.ServicerContext) -> proto.AboutResponse:
        """Which Python a program runs with, for `pulumi about`."""
        interpreter = self._interpreter_or_abort(request.info, context)
        version = read_version(interpreter, os.environ)
        return proto.AboutResponse(executable=interpreter.executable, version=version, metadata={"toolchain": interpreter.toolchain})

    def GetProgramDependencies(
        self, request: proto.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> proto.GetProgramDependenciesResponse:
        """What is installed for a program."""
        installed = read_packages(self._interpreter_or_abort(request.info, context), os.environ)
        wanted = [package for package in installed if package.direct or request.transitiveDependencies]
        return proto.GetProgramDependenciesResponse(
            dependencies=[proto.DependencyInfo(name=package.name, version=package.version) for package in wanted]
        )

    def InstallDependencies(
        self, request: proto.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[proto.InstallDependenciesResponse]:
        """Make the project's virtual environment if there is none, and install its requirements into it."""
        for command in _install_commands(request):
            yield proto.InstallDependenciesResponse(stdout=f"$ {' '.join(command)}\n".encode())
            child = self._children.start(command, cwd=Path(request.directory), env=os.environ, piped=True)
            if child is None:
                return
            for piece in _output(child):
                yield proto.InstallDependenciesResponse(stdout=piece.stdout, stderr=piece.stderr)
            if self._children.wait(child) != 0:
                context.abort(grpc.StatusCode.INTERNAL, f"installing dependencies failed: {' '.join(command)}")

    def RuntimeOptionsPrompts(self, request: proto.RuntimeOptionsRequest, context: grpc.ServicerContext) -> proto.RuntimeOptionsResponse:
        """Nothing to ask a person."""
        return proto.RuntimeOptionsResponse()

    def GenerateProgram(self, request: proto.GenerateProgramRequest, context: grpc.ServicerContext) -> proto.GenerateProgramResponse:
        """Not done here: the import of a resource works without it."""
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "this language host writes no code: run `pulumi import` with --generate-code=false")
        raise AssertionError("abort does not return")

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Stop what runs. The engine lets operations in hand finish by itself."""
        self._children.stop()
        return empty_pb2.Empty()

    def _plugins(self, info: proto.ProgramInfo, context: grpc.ServicerContext) -> tuple[Plugin, ...]:
        return read_plugins(self._interpreter_or_abort(info, context), os.environ)

    def _interpreter_or_abort(self, info: proto.ProgramInfo, context: grpc.ServicerContext) -> Interpreter:
        try:
            return _interpreter(info)
        except NoInterpreterError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            raise


def _project(info: proto.ProgramInfo) -> Project:
    options = json_format.MessageToDict(info.options) if info.HasField("options") else {}
    return Project(root=Path(info.root_directory), program=Path(info.program_directory), options=options)


def _interpreter(info: proto.ProgramInfo) -> Interpreter:
    return find_interpreter(_project(info), os.environ)


def _install_commands(request: proto.InstallDependenciesRequest) -> list[list[str]]:
    project = _project(request.info)
    toolchain = str(project.options.get("toolchain") or "pip")
    if toolchain != "pip":
        return [[toolchain, "sync"]]
    named = str(project.options.get("virtualenv") or "")
    place = project.root / named if named else None
    made = [] if place is None or is_virtualenv(place) else [["python3", "-m", "venv", str(place)]]
    python = str(place / "bin" / "python") if place else "python3"
    requirements = Path(request.directory) / "requirements.txt"
    return made + ([[python, "-m", "pip", "install", "-r", str(requirements)]] if requirements.is_file() else [])


def _output(child: subprocess.Popen[bytes]) -> Iterator[proto.RunPluginResponse]:
    """A child's output as it comes, from both pipes, until both are closed."""
    pieces: queue.Queue[proto.RunPluginResponse | None] = queue.Queue()

    def pump(pipe: IO[bytes], name: str) -> None:
        while data := os.read(pipe.fileno(), _CHUNK):
            pieces.put(proto.RunPluginResponse(stdout=data) if name == "stdout" else proto.RunPluginResponse(stderr=data))
        pieces.put(None)
        pipe.close()

    pipes = [(pipe, name) for pipe, name in ((child.stdout, "stdout"), (child.stderr, "stderr")) if pipe is not None]
    for pipe, name in pipes:
        threading.Thread(target=pump, args=(pipe, name), daemon=True).start()
    closed = 0
    while closed < len(pipes):
        piece = pieces.get()
        if piece is None:
            closed += 1
        else:
            yield piece
