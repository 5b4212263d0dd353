package io.trainyard.cli;

import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.OutOfReach;
import io.trainyard.cli.api.Refused;
import io.trainyard.cli.command.JobList;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Screen;
import io.trainyard.cli.screen.Style;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Session;
import io.trainyard.cli.session.Surroundings;
import io.trainyard.cli.session.Usage;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs what was typed and turns whatever happens into a sentence and an exit code. */
final class Run {
    private static final int UNKNOWN_TOKEN = 401;
    private static final int WRONG_TOKEN = 403;
    private static final int HELP_WIDTH = 100;

    private final Surroundings surroundings;

    Run(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    int of(List<String> typed) {
        Trainyard.Line line = Trainyard.line(typed, surroundings);
        CommandLine commands = line.commands()
                .setExecutionExceptionHandler((trouble, _, _) -> told(trouble, line.globals()))
                .setParameterExceptionHandler((wrong, _) -> told(wrong, line.globals()))
                .setExecutionStrategy(parsed -> execute(parsed, line.globals().screen()))
                .setUsageHelpWidth(HELP_WIDTH)
                .setUsageHelpAutoWidth(false);
        return commands.execute(line.words().toArray(String[]::new));
    }

    private static int execute(ParseResult parsed, Screen screen) {
        for (CommandLine command : parsed.asCommandLineList()) {
            if (command.isUsageHelpRequested()
                    || (command.getCommand() instanceof Trainyard && !parsed.hasSubcommand())) {
                Ansi colours = screen.styled("x", Style.BOLD).equals("x") ? Ansi.OFF : Ansi.ON;
                screen.line(command.getUsageMessage(colours).stripTrailing());
                return Exit.GOOD;
            }
        }
        return new CommandLine.RunLast().execute(parsed);
    }

    private static int told(Exception trouble, Trainyard globals) throws Exception {
        Screen screen = globals.screen();
        screen.clearFoot();
        return switch (trouble) {
            case Usage usage -> said(screen, usage, Exit.USAGE);
            case OutOfReach lost -> said(screen, lost, Exit.OUT_OF_REACH);
            case Refused refused -> {
                said(screen, refused, Exit.USAGE);
                for (String detail : refused.details()) screen.remark("  " + detail);
                if (refused.status() == UNKNOWN_TOKEN || refused.status() == WRONG_TOKEN)
                    screen.remark("The token is read from TRAINYARD_TOKEN, TRAINER_API_TOKEN or --token-file.");
                yield Exit.USAGE;
            }
            case Jobs.Ambiguous ambiguous -> {
                said(screen, ambiguous, Exit.USAGE);
                try (Session session = globals.open()) {
                    JobList.table(session, ambiguous.candidates());
                }
                yield Exit.USAGE;
            }
            default -> throw trouble;
        };
    }

    private static int said(Screen screen, Exception trouble, int code) {
        screen.remark(new Cell(sentence(String.valueOf(trouble.getMessage())), Style.RED));
        return code;
    }

    private static String sentence(String text) {
        if (text.isEmpty()) return text;
        String begun = Character.toUpperCase(text.charAt(0)) + text.substring(1);
        char end = begun.charAt(begun.length() - 1);
        return end == '.' || end == '?' || end == '!' || begun.contains(": ") ? begun : begun + ".";
    }

    private static int told(ParameterException wrong, Trainyard globals) {
        Screen screen = globals.screen();
        CommandLine command = wrong.getCommandLine();
        boolean unknownCommand = command.getCommand() instanceof Trainyard
                && wrong instanceof UnmatchedArgumentException unmatched
                && !unmatched.getUnmatched().getFirst().startsWith("-");
        if (unknownCommand) {
            String word = ((UnmatchedArgumentException) wrong).getUnmatched().getFirst();
            screen.remark("There is no command '" + word + "'.");
        } else {
            screen.remark(sentence(String.valueOf(wrong.getMessage())));
        }
        var suggestions = new StringWriter();
        if (UnmatchedArgumentException.printSuggestions(wrong, new PrintWriter(suggestions, true)))
            screen.remark(suggestions.toString().strip());
        String help = command.getCommandSpec().qualifiedName() + " --help";
        screen.remark("See: " + help);
        return Exit.USAGE;
    }
}
