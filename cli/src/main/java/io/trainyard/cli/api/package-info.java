/** The one room that speaks HTTP with the server; knows neither terminal nor options. */
@NullMarked
package io.trainyard.cli.api;

import org.jspecify.annotations.NullMarked;
