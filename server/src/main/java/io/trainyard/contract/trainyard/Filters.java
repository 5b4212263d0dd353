package io.trainyard.contract.trainyard;

import io.javalin.http.Context;
import io.trainyard.http.Refusal;
import io.trainyard.store.Jobs.Filter;
import io.trainyard.store.Jobs.Span;
import io.trainyard.store.StateWord;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Which jobs are meant, from the query. The list and the cancelling of many read the same, so that what was listed is
 * what is cancelled; a parameter that is not known here is refused, for ignoring it would widen the choice.
 */
final class Filters {
    private static final Set<String> MANY = Set.of("state", "label");
    private static final Set<String> ONCE =
            Set.of("project", "contract", "backend", "name", "text", "created_after", "created_before");

    private Filters() {}

    /** @param besides further parameters that the route itself reads */
    static Filter read(Context context, Set<String> besides) {
        refuseOthers(context, besides);
        var states = new ArrayList<StateWord>();
        for (String word : context.queryParams("state")) states.add(state(word));
        return new Filter(
                parameter(context, "project"),
                states,
                parameter(context, "contract"),
                parameter(context, "backend"),
                labels(context),
                parameter(context, "name"),
                parameter(context, "text"),
                new Span(moment(context, "created_after"), moment(context, "created_before")));
    }

    private static void refuseOthers(Context context, Set<String> besides) {
        context.queryParamMap().forEach((name, values) -> {
            boolean known = MANY.contains(name) || ONCE.contains(name) || besides.contains(name);
            if (!known) {
                var names = new TreeSet<>(besides);
                names.addAll(MANY);
                names.addAll(ONCE);
                throw new Refusal(
                        422, "\"" + Fields.shortened(name) + "\" is unknown; known here: " + String.join(", ", names));
            }
            if (values.size() > 1 && !MANY.contains(name))
                throw new Refusal(422, name + ": is given " + values.size() + " times; once is wanted");
        });
    }

    static boolean narrows(Filter filter) {
        return !filter.equals(Filter.ALL);
    }

    /** What narrows, for a sentence. */
    static List<String> names() {
        return Stream.concat(MANY.stream(), ONCE.stream()).sorted().toList();
    }

    /** An empty one is refused: a variable that was never set would widen the choice. */
    static Optional<String> parameter(Context context, String name) {
        var text = Optional.ofNullable(context.queryParam(name));
        if (text.filter(String::isEmpty).isPresent())
            throw new Refusal(422, name + ": is empty; give it a value or leave it out");
        return text;
    }

    static boolean flag(Context context, String name) {
        String value = context.queryParam(name);
        if (value == null || value.equals("false")) return false;
        if (value.equals("true")) return true;
        throw new Refusal(422, name + ": \"" + value + "\" is neither true nor false");
    }

    private static Map<String, String> labels(Context context) {
        var labels = new HashMap<String, String>();
        for (String label : context.queryParams("label")) {
            int equals = label.indexOf('=');
            if (equals < 1) throw new Refusal(422, "label: \"" + label + "\" is not of the form key=value");
            String name = label.substring(0, equals);
            String value = label.substring(equals + 1);
            String before = labels.putIfAbsent(name, value);
            if (before != null && !before.equals(value))
                throw new Refusal(422, "label: no job has both " + name + "=" + before + " and " + label);
        }
        return labels;
    }

    private static Optional<Instant> moment(Context context, String name) {
        return parameter(context, name).map(text -> {
            try {
                return OffsetDateTime.parse(text).toInstant();
            } catch (DateTimeException notATime) {
                throw new Refusal(
                        422,
                        "%s: \"%s\" is no time like 2026-11-23T09:57:30Z (a + of an offset is written %%2B)"
                                .formatted(name, text));
            }
        });
    }

    private static StateWord state(String word) {
        var words = new ArrayList<String>();
        for (StateWord known : StateWord.values()) {
            if (known.word().equals(word)) return known;
            words.add(known.word());
        }
        throw new Refusal(422, "state: \"" + word + "\" is none of " + String.join(", ", words));
    }
}
