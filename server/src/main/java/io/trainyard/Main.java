package io.trainyard;

import io.javalin.util.JavalinBindException;
import io.trainyard.store.Store;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Starts the server ({@code serve [--port N] [--home DIR] [--host ADDRESS]}) or examines the machine ({@code doctor}), or
 * a cluster ({@code k8s}).
 */
public final class Main {
    private static final int USAGE = 2;
    private static final int TROUBLE = 3;

    private Main() {}

    public static void main(String[] arguments) throws InterruptedException {
        quiet("org.eclipse.jetty", "io.javalin");
        System.setProperty("java.util.logging.SimpleFormatter.format", "%1$tF %1$tT.%1$tL %4$s %5$s%6$s%n");
        try {
            var words = List.of(arguments);
            boolean help = words.contains("--help") || words.contains("-h");
            if (!words.isEmpty() && words.getFirst().equals("k8s")) cluster(words.subList(1, words.size()), help);
            else if (help) help();
            else if (!words.isEmpty() && words.getFirst().equals("doctor")) doctor(words.subList(1, words.size()));
            else serve(options(words.isEmpty() ? words : words.subList(1, words.size())));
        } catch (Configuration.Nonsense nonsense) {
            System.err.println("trainyard: " + nonsense.getMessage());
            System.exit(USAGE);
        }
    }

    /** Libraries speak only of trouble; kept here, since a logger nobody holds forgets its level. */
    private static final List<Logger> QUIET = new ArrayList<>();

    private static void quiet(String... names) {
        for (String name : names) {
            Logger logger = Logger.getLogger(name);
            logger.setLevel(Level.WARNING);
            QUIET.add(logger);
        }
    }

    private static void serve(Map<Setting, String> options) throws InterruptedException {
        var configuration = new Configuration(options, System.getenv()).checked();
        Heap.watch();
        var server = start(configuration);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(server::close));
        if (configuration.exitWhenReady()) {
            Warmup.run(server.port(), configuration.token());
            System.exit(0);
        }
        Thread.currentThread().join();
    }

    /** What an operator can mend is said in one sentence; only our own mistakes come with a stack trace. */
    private static Trainyard start(Configuration configuration) {
        try {
            return Trainyard.start(configuration);
        } catch (Store.StoreException | JavalinBindException trouble) {
            System.err.println("trainyard: " + trouble.getMessage());
            if (trouble instanceof JavalinBindException)
                System.err.println("Stop what listens on port " + configuration.port() + ", or say --port N.");
            System.exit(TROUBLE);
            throw trouble;
        }
    }

    private static void doctor(List<String> words) {
        boolean json = words.contains("--json");
        var options =
                options(words.stream().filter(word -> !word.equals("--json")).toList());
        var doctor = new Doctor(new Configuration(options, System.getenv()).checked());
        System.out.print(json ? doctor.json() : doctor.text());
        System.exit(doctor.well() ? 0 : 1);
    }

    private static void cluster(List<String> words, boolean help) {
        if (help) System.out.print(ClusterCommand.HELP);
        else
            System.exit(ClusterCommand.of(words, System.getenv(), new ClusterCommand.Streams(System.out, System.err))
                    .run());
    }

    /** {@code --port 4000} or {@code --port=4000}; every setting has such an option. */
    static Map<Setting, String> options(List<String> words) {
        var options = new EnumMap<Setting, String>(Setting.class);
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            int equals = word.indexOf('=');
            Setting setting = option(equals < 0 ? word : word.substring(0, equals));
            if (equals < 0 && i + 1 == words.size()) throw new Configuration.Nonsense(word + " wants a value");
            options.put(setting, equals < 0 ? words.get(++i) : word.substring(equals + 1));
        }
        return options;
    }

    private static Setting option(String word) {
        for (Setting setting : Setting.values()) if (word.equals(optionName(setting))) return setting;
        throw new Configuration.Nonsense("\"" + word + "\" is not understood; see ./trainyard serve --help");
    }

    private static String optionName(Setting setting) {
        return "--" + setting.key.substring("trainyard.".length()).replace('.', '-');
    }

    private static void help() {
        System.out.println(
                "Usage: trainyard serve [OPTIONS]     starts the server\n       trainyard doctor [--json]     says what is missing here, and the remedy\n       trainyard k8s --help          makes a cluster ready for jobs\n\nOptions, each also a variable of the "
                        + "environment and a line of trainyard.properties in the home folder:\n");
        for (Setting setting : Setting.values()) {
            String names = Stream.concat(Stream.of(setting.variable()), setting.alsoKnownAs.stream())
                    .collect(Collectors.joining(", "));
            System.out.printf("  %-28s %s%n", optionName(setting), setting.help);
            System.out.printf(
                    "  %-28s %s%n", "", names + (setting.otherwise.isEmpty() ? "" : " [" + setting.otherwise + "]"));
        }
    }
}
