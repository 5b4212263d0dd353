package io.trainyard.cli.session;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Asks the operating system about the terminal; Java itself only knows one that is both input and output. */
final class Terminal {
    private static final int USUAL_WIDTH = 80;
    private static final int ASK_LIMIT_SECONDS = 1;

    private Terminal() {}

    @SuppressWarnings("SystemConsoleNull") // since JDK 25 the default provider may again answer null
    static boolean isStandardOutput() {
        Path link = Path.of("/proc/self/fd/1");
        try {
            if (Files.isSymbolicLink(link)) {
                String target = Files.readSymbolicLink(link).toString();
                return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
            }
        } catch (IOException _) {
            // Not a Linux /proc after all: ask Java.
        }
        Console console = System.console();
        return console != null && console.isTerminal();
    }

    /** @param columns the COLUMNS variable, empty when unset */
    static int width(String columns) {
        int named = number(columns);
        if (named > 0) return named;
        try {
            Process process = new ProcessBuilder("stty", "size")
                    .redirectInput(new File("/dev/tty"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(ASK_LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return USUAL_WIDTH;
            }
            String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            int asked = number(answer.substring(answer.indexOf(' ') + 1));
            return asked > 0 ? asked : USUAL_WIDTH;
        } catch (IOException _) {
            return USUAL_WIDTH;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return USUAL_WIDTH;
        }
    }

    private static int number(String text) {
        String digits = text.strip();
        return digits.matches("[0-9]{1,5}") ? Integer.parseInt(digits) : 0;
    }
}
