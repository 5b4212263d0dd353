package io.trainyard.contract.studio;

import io.trainyard.job.JobId;
import io.trainyard.store.Logs;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The log of one job as this contract numbers it: first what the server itself says of it, such as a manifest, then the
 * lines of its output. Read by pages, so that no log is ever whole in memory.
 *
 * @param preface entries that stand before the output; made anew, not stored
 */
record LogBook(Logs logs, JobId job, List<Entry> preface) {
    /** Lines read at a time: few enough that even the longest ones are a small matter. */
    private static final int MIN_BLOCK = 16;

    private static final int MAX_BLOCK = 128;

    LogBook {
        preface = List.copyOf(preface);
    }

    /** @param number counts from 1 */
    record Entry(long number, Instant at, String stream, String message) {}

    /** What one answer may carry; a single entry is always whole. */
    record Limits(int characters, int entries) {}

    /** @param next number of the entry behind the last one shown */
    record Page(List<Entry> entries, long next) {
        Page {
            entries = List.copyOf(entries);
        }
    }

    long last() {
        return preface.size() + logs.last(job);
    }

    /** Entries from this number on. */
    Page from(long first, Limits limits) {
        var page = new Budget(limits);
        long next = first;
        long last = last();
        while (next <= last && page.open()) {
            List<Entry> block = read(next, page.block());
            if (block.isEmpty()) break;
            for (Entry entry : block) {
                if (!page.take(entry)) return page.inOrder(next);
                next = entry.number() + 1;
            }
        }
        return page.inOrder(next);
    }

    /** The last entries. */
    Page tail(Limits limits) {
        var page = new Budget(limits);
        long end = last() + 1;
        long before = end;
        while (before > 1 && page.open()) {
            long from = Math.max(1, before - page.block());
            for (Entry entry : read(from, (int) (before - from)).reversed())
                if (!page.take(entry)) return page.reversed(end);
            before = from;
        }
        return page.reversed(end);
    }

    private List<Entry> read(long from, int most) {
        var entries = new ArrayList<Entry>();
        for (long number = from; number <= preface.size() && entries.size() < most; number++)
            entries.add(preface.get((int) number - 1));
        if (entries.size() == most) return entries;
        long first = Math.max(1, from - preface.size());
        for (Logs.Line line : logs.read(job, first, most - entries.size()))
            entries.add(new Entry(line.number() + preface.size(), line.at(), line.stream(), line.text()));
        return entries;
    }

    /** What is left of an answer. */
    private static final class Budget {
        private final List<Entry> taken = new ArrayList<>();
        private final Limits limits;
        private long characters;

        Budget(Limits limits) {
            this.limits = limits;
        }

        boolean open() {
            return taken.size() < limits.entries() && characters < limits.characters();
        }

        /** As many as are likely to be wanted, by the length of those met so far. */
        int block() {
            long each = taken.isEmpty() ? limits.characters() / MIN_BLOCK + 1 : characters / taken.size() + 1;
            long likely = (limits.characters() - characters) / each + 1;
            return Math.clamp(Math.min(likely, limits.entries() - taken.size()), 1, MAX_BLOCK);
        }

        boolean take(Entry entry) {
            long more = entry.message().length() + 1L;
            boolean fits = open() && characters + more <= limits.characters();
            if (!fits && !taken.isEmpty()) return false;
            taken.add(entry);
            characters += more;
            return true;
        }

        Page inOrder(long next) {
            return new Page(taken, next);
        }

        Page reversed(long next) {
            return new Page(taken.reversed(), next);
        }
    }
}
