package io.trainyard.cli.follow;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.JobEvent;

/** What is shown of a followed job. */
interface View {
    void event(JobEvent event);

    void progress(Job job, Curve loss);

    /** The server is out of reach for the moment. */
    void trouble(String sentence);

    void end(Job job, Curve loss);
}
