package io.trainyard.contract.trainyard;

import io.javalin.http.Context;
import io.trainyard.admission.Admission;
import io.trainyard.http.Refusal;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.Wish;
import io.trainyard.store.Jobs;
import io.trainyard.store.Jobs.Filter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import tools.jackson.databind.node.ObjectNode;

/** Cancels all living jobs that a filter names. */
record ManyCancelled(Jobs jobs, Admission admission) {
    private static final int PAGE = 500;
    private static final int MAX_JOBS = 1000;
    /** So many wishes at once share the commits of the store. */
    private static final int AT_ONCE = 32;

    ObjectNode of(Context context) {
        Filter filter = Filters.read(context, Set.of("limit", "dry_run"));
        if (!Filters.narrows(filter))
            throw new Refusal(
                    422, "no filter is given; say which jobs are meant by " + String.join(", ", Filters.names()));
        int limit = Reading.limit(context, MAX_JOBS, MAX_JOBS);
        boolean dryRun = Filters.flag(context, "dry_run");
        List<JobId> living = living(filter, limit + 1);
        List<JobId> meant = living.subList(0, Math.min(limit, living.size()));
        List<JobId> cancelled = dryRun ? meant : cancel(meant);
        ObjectNode answer = JobView.JSON.createObjectNode().put("count", cancelled.size());
        var ids = answer.putArray("ids");
        cancelled.forEach(id -> ids.add(id.value()));
        return answer.put("more", living.size() > limit);
    }

    private List<JobId> living(Filter filter, int most) {
        var living = new ArrayList<JobId>();
        Optional<String> cursor = Optional.empty();
        do {
            var page = jobs.list(filter, cursor, PAGE);
            for (Job job : page.jobs()) {
                if (!job.state().ended() && !job.wish().ends()) living.add(job.id());
                if (living.size() == most) return living;
            }
            cursor = page.next();
        } while (cursor.isPresent());
        return living;
    }

    /** In the order of the list; one that ended or went in the meantime is not among them. */
    private List<JobId> cancel(List<JobId> meant) {
        var cancelled = new ConcurrentLinkedQueue<JobId>();
        var turns = new Semaphore(AT_ONCE);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (JobId id : meant) {
                turns.acquireUninterruptibly();
                threads.execute(() -> {
                    try {
                        admission
                                .wish(id, Wish.CANCEL)
                                .filter(job -> job.wish().ends())
                                .ifPresent(job -> cancelled.add(job.id()));
                    } finally {
                        turns.release();
                    }
                });
            }
        }
        return meant.stream().filter(Set.copyOf(cancelled)::contains).toList();
    }
}
