"""`gallery`: the networks that can be opened by name."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from engine.commands.base import COMMANDS, DONE, Command, Output, table
from engine.gallery import GALLERY, open_network


@COMMANDS.register("gallery")
class Gallery(Command):
    help = "the famous networks that can be opened by name"

    def arguments(self, parser: ArgumentParser) -> None:
        pass

    def run(self, args: Namespace, out: Output) -> int:
        from engine.graph.level import resolve

        def weights(id: str) -> int:
            level = resolve(open_network(id))
            return sum(level.infos[node].parameters for node in level.live)

        found = [
            {
                "id": id,
                "name": entry.name,
                "year": entry.year,
                "task": entry.task,
                "parameters": weights(id),
                "source": entry.source,
            }
            for id, entry in sorted(GALLERY.items(), key=lambda item: (item[1].year, item[0]))
        ]
        out.data(found)
        rows = [
            [str(one["id"]), str(one["name"]), str(one["year"]), f"{one['parameters']:,}", str(one["source"])]
            for one in found
        ]
        for line in table(rows, ("id", "name", "year", "parameters", "as in"), right=(2, 3)):
            out.text(line)
        return DONE
