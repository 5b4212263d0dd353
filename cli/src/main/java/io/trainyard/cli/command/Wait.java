package io.trainyard.cli.command;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Pace;
import io.trainyard.cli.follow.Detachment;
import io.trainyard.cli.session.Session;

/** Waits quietly for the end of a job. Ctrl-C ends only the waiting. */
public final class Wait {
    private Wait() {}

    /** @param goesOn what the server does meanwhile, for who stops waiting; {@code comeBack} takes the waiting up again */
    public static Job end(Session session, Job asked, String goesOn, String comeBack) {
        Job job = asked;
        try (var _ = Detachment.armed(session.screen(), goesOn, comeBack)) {
            while (!job.state().ended()) {
                Pace.rest(session.api().pace().look());
                job = new Job(session.api().get(Jobs.one(asked.id())));
            }
        }
        return job;
    }
}
