package io.trainyard.contract.trainyard;

import io.javalin.http.Context;
import io.trainyard.job.JobId;
import io.trainyard.store.Logs;
import io.trainyard.store.Logs.Line;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A job's log as a file to keep. It goes out page by page: no more than a page of it is ever in memory. */
record LogFile(Logs logs, JobId job) {
    private static final int PAGE_LINES = 100;

    /** Up to the last line there is now; what comes meanwhile is for the next download. */
    void send(Context context, long from) {
        var response = context.res();
        response.setContentType("text/plain;charset=utf-8");
        response.setHeader("Content-Disposition", "attachment; filename=\"" + job + ".log\"");
        response.setHeader("X-Content-Type-Options", "nosniff");
        long last = logs.last(job);
        try {
            var out = new BufferedWriter(new OutputStreamWriter(response.getOutputStream(), StandardCharsets.UTF_8));
            for (long next = from; next <= last; next += PAGE_LINES) {
                List<Line> page = logs.read(job, next, (int) Math.min(PAGE_LINES, last - next + 1));
                write(out, page);
            }
            out.flush();
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    private static void write(Writer out, List<Line> page) throws IOException {
        for (Line line : page) {
            out.write(line.text());
            out.write('\n');
        }
    }
}
