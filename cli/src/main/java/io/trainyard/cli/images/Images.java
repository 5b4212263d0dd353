package io.trainyard.cli.images;

import io.trainyard.cli.api.Json;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Table;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Which images there are, and building them. */
@Command(
        name = "images",
        synopsisSubcommandLabel = "list|build",
        description = "List the container images of the trainer, or build them.",
        footer = {
            "",
            "Examples:",
            "  trainyard images list",
            "  trainyard images build hf --registry registry.example.com/team --tag v1.2"
        })
public final class Images implements Runnable {
    private final Globals globals;

    private Images(Globals globals) {
        this.globals = globals;
    }

    /** @param further the words after {@code --}, which are for the engine */
    public static CommandLine command(Globals globals, List<String> further) {
        return new CommandLine(new Images(globals))
                .addSubcommand(new ListThem(globals))
                .addSubcommand(new Build(globals, further));
    }

    @Override
    public void run() {
        globals.screen().remark("Say what to do: trainyard images list, or build NAME.");
    }

    @Command(
            name = "list",
            description = "The images, what each trains, and as what the server's jobs look for it.",
            footer = {"", "Example:", "  trainyard images list --json"})
    static final class ListThem implements Callable<Integer> {
        private final Globals globals;

        @Mixin
        private final Named named = new Named();

        ListThem(Globals globals) {
            this.globals = globals;
        }

        @Override
        public Integer call() {
            var place = new Place(globals.surroundings().environment());
            String where = named.registry(place);
            String version = named.tag(place);
            try (Session session = globals.open()) {
                if (session.json()) session.document(document(where, version));
                else table(where, version).show(session.screen());
            }
            return Exit.GOOD;
        }

        private static Table table(String registry, String tag) {
            Table table = new Table("IMAGE", "TRAINS", "LICENCE", "NAMES");
            for (Image image : Image.values())
                table.row(
                        Cell.plain(image.word()),
                        Cell.plain(image.trains().isEmpty() ? "what you put on it" : image.trains()),
                        Cell.plain(image.licence()),
                        Cell.plain(String.join(" ", image.names(registry, tag))));
            return table;
        }

        private static ObjectNode document(String registry, String tag) {
            ObjectNode document = Json.object();
            ArrayNode images = document.putArray("images");
            for (Image image : Image.values()) {
                ObjectNode one = images.addObject().put("image", image.word()).put("licence", image.licence());
                ArrayNode names = one.putArray("names");
                image.names(registry, tag).forEach(names::add);
                ArrayNode frameworks = one.putArray("frameworks");
                for (String framework : image.trains().split(", ", -1))
                    if (!framework.isEmpty()) frameworks.add(framework);
            }
            return document;
        }
    }
}
