package io.trainyard.cli.follow;

import io.trainyard.cli.screen.Screen;

/**
 * What we say when somebody presses Ctrl-C while we only watch. The Java machine runs shutdown hooks on that signal
 * and then exits with 130 by itself.
 */
public final class Detachment implements AutoCloseable {
    private final Thread hook;

    private Detachment(Thread hook) {
        this.hook = hook;
    }

    public static Detachment armed(Screen screen, String goesOn, String comeBack) {
        Thread hook =
                new Thread(() -> screen.close("Detached; " + goesOn + ". Come back with: " + comeBack), "detached");
        Runtime.getRuntime().addShutdownHook(hook);
        return new Detachment(hook);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // The process is being stopped and the hook is at work: nothing is left to take back.
        }
    }
}
