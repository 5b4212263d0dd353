package io.trainyard.cli.command;

import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "completion",
        description = "Print a script that completes our commands and options in bash and zsh.",
        footer = {
            "",
            "Examples:",
            "  source <(trainyard completion)",
            "  trainyard completion > ~/.local/share/bash-completion/completions/trainyard"
        })
public final class Completion implements Callable<Integer> {
    public static final String NAME = "completion";

    private final Globals globals;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before the call
    private CommandSpec spec;

    public Completion(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        var root = spec.root().commandLine();
        globals.screen().line(AutoComplete.bash(spec.root().name(), root).stripTrailing());
        return Exit.GOOD;
    }
}
