package io.trainyard.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The statement that lists jobs by a filter. It says itself which index is walked, because the planner, which knows
 * nothing of how many jobs are in which state, would sort or look up a hundred thousand rows for a page of fifty:
 * <ul>
 *   <li>a label: the jobs of that label, which are few;
 *   <li>states: for each state its newest, merged;
 *   <li>a project and nothing else: its newest;
 *   <li>anything else: all jobs, newest first, filtered inside one narrow index.
 * </ul>
 */
final class Search {
    private final Jobs.Filter filter;
    private final List<Map.Entry<String, String>> labels;
    private final long before;
    private final int limit;
    private final List<@Nullable Object> values = new ArrayList<>();
    private final String sql;

    Search(Jobs.Filter filter, long before, int limit) {
        this.filter = filter;
        this.labels = List.copyOf(filter.labels().entrySet());
        this.before = before;
        this.limit = limit;
        this.sql = "SELECT " + JobRow.COLUMNS + " FROM (" + found() + ") found CROSS JOIN jobs j"
                + " WHERE j.arrival = found.arrival ORDER BY found.arrival DESC";
    }

    String sql() {
        return sql;
    }

    @Nullable
    Object[] values() {
        return values.toArray();
    }

    private String found() {
        if (!labels.isEmpty()) return byLabel();
        if (filter.states().isEmpty()) return page(onlyProject() ? "jobs_project" : "jobs_listing", Optional.empty());
        var pages = new ArrayList<String>();
        for (StateWord state : filter.states().stream().distinct().toList())
            pages.add("SELECT * FROM (" + page("jobs_state", Optional.of(state)) + ")");
        values.add(limit);
        return String.join(" UNION ALL ", pages) + " ORDER BY 1 DESC LIMIT ?";
    }

    private boolean onlyProject() {
        return filter.project().isPresent()
                && filter.contract().isEmpty()
                && filter.backend().isEmpty()
                && filter.nameContains().isEmpty()
                && filter.text().isEmpty()
                && filter.created().equals(Jobs.Span.EVER);
    }

    private String page(String index, Optional<StateWord> state) {
        var where = new StringBuilder();
        and(where, "j.arrival < ?", before);
        state.ifPresent(word -> and(where, "j.state_word = ?", word.word()));
        narrow(where);
        values.add(limit);
        return "SELECT j.arrival FROM jobs j INDEXED BY " + index + where + " ORDER BY j.arrival DESC LIMIT ?";
    }

    private String byLabel() {
        var where = new StringBuilder();
        and(where, "first.job < ?", before);
        and(where, "first.name = ?", labels.getFirst().getKey());
        and(where, "first.value = ?", labels.getFirst().getValue());
        labels.stream().skip(1).forEach(label -> {
            and(where, "EXISTS (SELECT 1 FROM labels l WHERE l.job = j.arrival AND l.name = ?", label.getKey());
            and(where, "l.value = ?)", label.getValue());
        });
        if (!filter.states().isEmpty()) {
            int more = filter.states().size() - 1;
            where.append(" AND j.state_word IN (?").append(", ?".repeat(more)).append(")");
            filter.states().forEach(state -> values.add(state.word()));
        }
        narrow(where);
        values.add(limit);
        return "SELECT j.arrival FROM labels first CROSS JOIN jobs j ON j.arrival = first.job" + where
                + " ORDER BY first.job DESC LIMIT ?";
    }

    private void narrow(StringBuilder where) {
        filter.project().ifPresent(value -> and(where, "j.project = ?", value));
        filter.contract().ifPresent(value -> and(where, "j.contract = ?", value));
        filter.backend().ifPresent(value -> and(where, "j.backend = ?", value));
        filter.nameContains().ifPresent(value -> and(where, "instr(j.name, ?) > 0", value.toLowerCase(Locale.ROOT)));
        filter.text().ifPresent(value -> {
            and(where, "(instr(j.name, ?) > 0", value.toLowerCase(Locale.ROOT));
            where.append(" OR instr(j.id, ?) > 0 OR instr(coalesce(j.client_id, ''), ?) > 0)");
            values.addAll(List.of(value, value));
        });
        filter.created().from().ifPresent(moment -> and(where, "j.created >= ?", moment));
        filter.created().before().ifPresent(moment -> and(where, "j.created < ?", moment));
    }

    private void and(StringBuilder where, String condition, Object value) {
        where.append(where.isEmpty() ? " WHERE " : " AND ").append(condition);
        values.add(value);
    }
}
