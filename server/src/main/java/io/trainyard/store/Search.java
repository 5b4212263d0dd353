package io.trainyard.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The statement that lists jobs by a filter: it has as many shapes as there are sets of filled fields. */
final class Search {
    private final StringBuilder found = new StringBuilder("SELECT j.arrival FROM ");
    private final List<@Nullable Object> values = new ArrayList<>();

    Search(Jobs.Filter filter, long before, int limit) {
        var labels = List.copyOf(filter.labels().entrySet());
        if (labels.isEmpty()) {
            found.append("jobs j INDEXED BY jobs_listing WHERE j.arrival < ?");
            values.add(before);
        } else {
            // The jobs of one label are few: start there.
            found.append("labels first CROSS JOIN jobs j ON j.arrival = first.job WHERE first.job < ?");
            values.add(before);
            and("first.name = ?", labels.getFirst().getKey());
            and("first.value = ?", labels.getFirst().getValue());
        }
        labels.stream().skip(1).forEach(label -> {
            and("EXISTS (SELECT 1 FROM labels l WHERE l.job = j.arrival AND l.name = ?", label.getKey());
            and("l.value = ?)", label.getValue());
        });
        filter.project().ifPresent(value -> and("j.project = ?", value));
        filter.contract().ifPresent(value -> and("j.contract = ?", value));
        filter.backend().ifPresent(value -> and("j.backend = ?", value));
        filter.nameContains().ifPresent(value -> and("instr(j.name, ?) > 0", value.toLowerCase(Locale.ROOT)));
        if (!filter.states().isEmpty()) {
            int more = filter.states().size() - 1;
            found.append(" AND j.state_word IN (?").append(", ?".repeat(more)).append(")");
            filter.states().forEach(state -> values.add(state.word()));
        }
        found.append(" ORDER BY ").append(labels.isEmpty() ? "j.arrival" : "first.job");
        values.add(limit);
    }

    private void and(String condition, String value) {
        found.append(" AND ").append(condition);
        values.add(value);
    }

    /** The inner query finds the page in a narrow index, the outer one fetches what is shown. */
    String sql() {
        return "SELECT " + JobRow.COLUMNS + " FROM (" + found + " DESC LIMIT ?) found CROSS JOIN " + JobRow.TABLES
                + " WHERE j.arrival = found.arrival ORDER BY found.arrival DESC";
    }

    @Nullable
    Object[] values() {
        return values.toArray();
    }
}
