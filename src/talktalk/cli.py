"""The command line: `./talktalk COMMAND`. Each command imports only what it runs, so that help is instant."""

import os
import runpy
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).resolve().parents[2]
"""The clone."""

app = typer.Typer(
    name="talktalk",
    help="TalkTalk: a messenger in which sending money is as natural as sending a message.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_PASS_ON: dict[str, Any] = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}


@app.callback(invoke_without_command=True)
def _list_commands(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The one port that is shown.")] = 8080,
    data: Annotated[Path | None, typer.Option(help="The data folder; made if missing.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Make four friends with rooms and wallets.")] = False,
    lan: Annotated[bool, typer.Option("--lan", help="Serve HTTPS to phones on this network.")] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
    dev_inbox: Annotated[
        bool, typer.Option("--dev-inbox", help="Under --lan: show sign-in codes on this computer.")
    ] = False,
) -> None:
    """Start all of TalkTalk here and show its address."""
    from rich.console import Console

    from talktalk.supervisor.up import UpOptions, run

    options = UpOptions(
        root=ROOT,
        port=port,
        data=data,
        demo=demo,
        lan=lan,
        dev_inbox=dev_inbox,
        open_browser=not no_open,
    )
    run(options, Console())


@app.command(context_settings=_PASS_ON)
def test(context: typer.Context) -> None:
    """Run every check and test, or pytest alone with its options.

    `--long` adds the long ones.
    """
    from talktalk.supervisor.checks import run_checks

    raise typer.Exit(run_checks(ROOT, context.args))


@app.command()
def serve() -> None:
    """Run one web process; settings are in the environment."""
    from talktalk.app import serve as serve_app
    from talktalk.config import settings_from_environment

    serve_app(settings_from_environment())


@app.command()
def work() -> None:
    """Run one worker; settings are in the environment."""
    from talktalk.config import settings_from_environment
    from talktalk.worker import work as work_until_stopped

    work_until_stopped(settings_from_environment())


@app.command(context_settings=_PASS_ON)
def devnet(context: typer.Context) -> None:
    """Run the embedded XRP Ledger alone (see devnet --help)."""
    from xrpl_devnet.__main__ import main as devnet_main

    raise typer.Exit(devnet_main(context.args))


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from talktalk.config import PREFIX, SettingsError
    from talktalk.platform.migrate import upgrade

    url = os.environ.get(f"{PREFIX}DATABASE_URL")
    if not url:
        raise SettingsError(f"{PREFIX}DATABASE_URL is not set; it looks like postgresql+psycopg://…")
    upgrade(url)


@app.command()
def reconcile(
    account: Annotated[list[str] | None, typer.Option(help="An address; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Compare every account's history with the ledger, to the drop; settings are in the environment.

    Ends with 0 where all agree, 1 where something differs, 2 where not everything could be compared.
    """
    from rich.console import Console

    from talktalk.config import settings_from_environment
    from talktalk.reconciling import print_readably
    from talktalk.reconciling import reconcile as reconcile_all

    outcome = reconcile_all(settings_from_environment(), account or [])
    if as_json:
        _print_document(outcome)
    else:
        print_readably(outcome, Console())
    raise typer.Exit(outcome.exit_code)


@app.command()
def simulate(
    seeds: Annotated[
        str, typer.Option(help="The seeds, as 1..500; one number replays that seed.")
    ] = "1..100",
    profile: Annotated[
        str, typer.Option(help="What fails: mixed, calm, lossy, crashy, nodes or stormy.")
    ] = "mixed",
) -> None:
    """Pay thousands of times while everything fails; the first seed that breaks a promise is replayed."""
    from talktalk.simulation import command

    try:
        wanted = command.read_seeds(seeds)
    except command.SeedsMalformed as error:
        raise typer.BadParameter(str(error)) from error
    if profile not in command.profile_names():
        raise typer.BadParameter(f"there is no profile {profile!r}")
    raise typer.Exit(command.simulate(wanted, profile))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the HTTP API."""
    from talktalk.app import openapi_document

    _print_document(openapi_document())


@app.command()
def asyncapi() -> None:
    """Print the AsyncAPI document of the WebSocket protocol."""
    from talktalk.app import asyncapi_document

    _print_document(asyncapi_document())


tokens_app = typer.Typer(no_args_is_help=True, help="Make, sign and check the verified token list.")
app.add_typer(tokens_app, name="tokens")


@tokens_app.command("key")
def tokens_key(path: Annotated[Path, typer.Argument(help="The key file, made if missing.")]) -> None:
    """Print the public key of a signing key, made if there is none."""
    typer.echo(bytes(_tokens_key(path).verify_key).hex())


@tokens_app.command("sign")
def tokens_sign(
    path: Annotated[Path, typer.Argument(help="The list.")],
    key: Annotated[Path, typer.Option(help="The key file, mode 0600.")],
) -> None:
    """Sign a list; one that contradicts itself is refused."""
    from talktalk.wallet import tokens

    tokens.sign(path, _tokens_key(key))
    typer.echo(f"{tokens.signature_file(path)} is written")


@tokens_app.command("verify")
def tokens_verify(
    path: Annotated[Path | None, typer.Argument(help="The list; the shipped one if none is named.")] = None,
    key: Annotated[str, typer.Option(help="The public key, hex; the shipped list's if none is named.")] = "",
) -> None:
    """Check a list's signature and content, and say what it vouches for."""
    from talktalk.wallet import tokens

    file = tokens.verify(path or tokens.SHIPPED, key or tokens.SHIPPED_KEY)
    typer.echo(f"serial {file.serial}, {file.issued_at:%Y-%m-%d}")
    for token in file.tokens:
        typer.echo(f"{token.network:10} {token.code:10} {token.issuer_name} ({token.domain})  {token.asset}")


def _tokens_key(path: Path) -> Any:
    from nacl.signing import SigningKey

    from talktalk.config import SettingsError
    from talktalk.custody.errors import KeyFileUnsafe
    from talktalk.custody.key_files import read_or_make_key

    try:
        return SigningKey(read_or_make_key(path))
    except KeyFileUnsafe as error:
        raise SettingsError(str(error)) from error


@app.command(context_settings=_PASS_ON)
def bench(context: typer.Context) -> None:
    """Measure: bench NAME; alone it lists the names."""
    names = sorted(path.stem for path in (ROOT / "bench").glob("*.py") if not path.stem.startswith("_"))
    if not context.args:
        typer.echo("Benchmarks: " + ", ".join(names))
        return
    name, *arguments = context.args
    if name not in names:
        typer.echo(f"talktalk: There is no benchmark {name!r}. There are: {', '.join(names)}.", err=True)
        raise typer.Exit(2)
    sys.path.insert(0, str(ROOT))
    sys.argv = [f"bench {name}", *arguments]
    runpy.run_module(f"bench.{name}", run_name="__main__", alter_sys=False)


def _print_document(document: object) -> None:
    import msgspec

    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")


def main() -> None:
    """Run the command line. What cannot go on is one sentence and a way out, and exit code 1."""
    from talktalk.config import SettingsError
    from talktalk.supervisor.errors import StartError

    try:
        app(prog_name="./talktalk")
    except StartError as error:
        typer.echo(f"talktalk: {error.sentence}\n          {error.way_out}", err=True)
        sys.exit(1)
    except SettingsError as error:
        typer.echo(f"talktalk: {error}", err=True)
        sys.exit(1)
