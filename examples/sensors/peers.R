# Peers of the sensors example by R's statistics packages: VAR by lm, kriging by gstat (Debian: r-cran-gstat).
#
#   Rscript peers.R var FOLDER STATIONS FIT_BEGIN FIT_END ORDER
#   Rscript peers.R day_before FOLDER STATIONS FIT_BEGIN FIT_END PREDICT_BEGIN PREDICT_END
#   Rscript peers.R unseen FOLDER STATIONS FIT_BEGIN FIT_END PREDICT_BEGIN PREDICT_END GROUPS STRIDE
#
# Ranges are half open and count from 0. Every file in FOLDER is an array of doubles in row-major order without a
# header; tables are (times, STATIONS), NaN where a reading is missing.
#   stations            in: (STATIONS, 3), places in kilometres
#   kilometres          in: (STATIONS, STATIONS), distances along the ground
#   anomalies           in: standardised anomalies
#   var                 out: forecasts of a time from the ORDER times before it
#   ordinary, lagged    out: forecasts of a time from the time before it
#   G.own               in: f(y) less season and the station's own mean, fitted without group G of hidden stations
#   G.level, G.hidden   in: mean of each station; 1 where it is hidden
#   sides               in, perhaps empty: (STATIONS), a side input that the means of sites may depend on linearly
#   G.kriged            out: four tables, mean and variance by ordinary kriging of own + level, by simple kriging of own; with sides
#                       two more, by kriging of own + level with the sides for an external drift

read_table <- function(folder, name, columns) {
  path <- file.path(folder, name)
  matrix(readBin(path, "double", file.size(path) / 8), ncol = columns, byrow = TRUE)
}

write_tables <- function(folder, name, ...) {
  tables <- Filter(Negate(is.null), list(...))
  writeBin(unlist(lapply(tables, function(table) as.vector(t(table)))), file.path(folder, name))
}

# One-step forecasts of every row of z by the vector autoregression that least squares (lm) fits to the rows `fit`. Of
# histories that depend on each other linearly lm leaves out the later ones (stats::ar fails on them).
autoregression <- function(z, fit, order) {
  history <- embed(z, order + 1)  # of a row: itself, the row before it, ...
  now <- seq_len(ncol(z))
  rows <- fit[-seq_len(order)] - order
  coefficients <- as.matrix(lm.fit(history[rows, -now, drop = FALSE], history[rows, now])$coefficients)
  coefficients[is.na(coefficients)] <- 0
  rbind(matrix(NA, order, ncol(z)), history[, -now, drop = FALSE] %*% coefficients)
}

# The correlation share * exp(-rate * kilometres) that fits pairs of stations by least squares: for every rate on a
# fine grid, lengths from 10 km to 10 000 km in steps of one percent, the best share is a quotient. Some nugget stays.
exponential <- function(kilometres, correlations) {
  rates <- 1e-4 * 1.01^(0:694)
  decays <- exp(-outer(kilometres, rates))
  shares <- pmin(pmax(colSums(correlations * decays) / colSums(decays^2), 0), 0.999)
  shares[is.na(shares)] <- 0  # no pair
  best <- which.min(colSums((correlations - sweep(decays, 2, shares, "*"))^2))
  list(share = shares[best], rate = rates[best])
}

nugget <- function(fitted, sill = 1) sill * (1 - fitted$share)

# The nugget is an error of measurement ("Err"): what is predicted is the field without it, also at a station itself.
covariance <- function(fitted, sill = 1) {
  gstat::vgm(sill * fitted$share, "Exp", 1 / fitted$rate, add.to = gstat::vgm(nugget(fitted, sill), "Err", 0))
}

# Kriging of each row of `values` by itself, for the cells that are `wanted`: ordinary, or simple around 0. Many rows
# are one call: they are laid out side by side, too far apart to be each other's neighbours. NaN in an empty row.
# With a `side` of every station, its value is an external drift (then `ordinary`). With `lagged`, what is predicted is the next row: simple cokriging of a second variable without readings of its own.
krige <- function(values, wanted, places, model, ordinary = FALSE, lagged = NULL, side = NULL) {
  result <- list(mean = values * NA, variance = values * NA)
  wanted <- wanted & rowSums(!is.na(values)) > 0
  if (!any(wanted)) return(result)
  if (nrow(values) > 500) {  # the search for neighbours slows down with the number of readings
    for (rows in split(seq_len(nrow(values)), seq_len(nrow(values)) %/% 500)) {
      made <- krige(values[rows, , drop = FALSE], wanted[rows, , drop = FALSE], places, model, ordinary, lagged, side)
      result$mean[rows, ] <- made$mean
      result$variance[rows, ] <- made$variance
    }
    return(result)
  }
  few <- rowSums(!is.na(values)) < 3  # they leave a drift unknown
  if (!is.null(side) && any(few & rowSums(wanted) > 0)) {
    result <- krige(values, wanted & !few, places, model, ordinary, side = side)
    without <- krige(values, wanted & few, places, model, ordinary)
    result$mean[few, ] <- without$mean[few, ]
    result$variance[few, ] <- without$variance[few, ]
    return(result)
  }
  # gstat takes two errors of one place for one error; a millimetre between such stations keeps them apart.
  places[, 3] <- places[, 3] + 1e-6 * seq_len(nrow(places))
  reach <- 2 * max(dist(places)) + 1
  layout <- function(cells) {
    at <- which(cells, arr.ind = TRUE)
    data.frame(x = places[at[, 2], 1] + 2 * reach * at[, 1], y = places[at[, 2], 2], z = places[at[, 2], 3],
               side = if (is.null(side)) rep(0, nrow(at)) else side[at[, 2]])
  }
  readings <- layout(!is.na(values))
  readings$v <- values[!is.na(values)]
  network <- gstat::gstat(NULL, "now", if (is.null(side)) v ~ 1 else v ~ side, ~ x + y + z, readings, model,
                          beta = if (!ordinary) 0, maxdist = if (nrow(readings) > 1) reach else Inf)
  predicted <- "now"
  if (!is.null(lagged)) {
    # A variable needs a reading in every neighbourhood: one so far away that its covariance is zero.
    nowhere <- data.frame(x = 0, y = 1e12, z = 0, side = 0, v = 0)
    network <- gstat::gstat(network, "later", v ~ 1, ~ x + y + z, nowhere, model, beta = 0, nmax = 1)
    network <- gstat::gstat(network, c("now", "later"), model = lagged)
    network$set <- list(nocheck = 1)
    predicted <- "later"
  }
  answer <- suppressWarnings(predict(network, layout(wanted), debug.level = 0))
  result$mean[wanted] <- answer[[paste0(predicted, ".pred")]]
  result$variance[wanted] <- answer[[paste0(predicted, ".var")]]
  result
}

# Correlation, without another centring, of every station's anomaly with every station's anomaly `lag` rows later.
lag_correlation <- function(z, lag, kilometres) {
  before <- z[seq_len(nrow(z) - lag), ]
  after <- z[seq_len(nrow(z) - lag) + lag, ]
  there <- function(x) 1 * !is.na(x)
  zero <- function(x) replace(x, is.na(x), 0)
  count <- crossprod(there(before), there(after))
  r <- crossprod(zero(before), zero(after)) /
    sqrt(crossprod(zero(before)^2, there(after)) * crossprod(there(before), zero(after)^2))
  used <- count >= 100 & is.finite(r) & (lag > 0 | upper.tri(r))
  exponential(kilometres[used], r[used])
}

# Forecasts of a row from the row before it: its field by ordinary kriging; simple kriging with the lagged covariance.
day_before <- function(z, places, kilometres, fit, predict) {
  wanted <- row(z) %in% fit & !is.na(z) | row(z) %in% predict
  wanted <- rbind(wanted[-1, ], FALSE)
  later <- function(table) rbind(NA, table[-nrow(table), ])
  now <- lag_correlation(z[fit, ], 0, kilometres)
  lagged <- lag_correlation(z[fit, ], 1, kilometres)
  lagged <- gstat::vgm(lagged$share, "Exp", 1 / lagged$rate)
  list(ordinary = later(krige(z, wanted, places, covariance(now), ordinary = TRUE)$mean),
       lagged = later(krige(z, wanted, places, covariance(now), lagged = lagged)$mean))
}

# One group of hidden stations from the others' readings of the same time, for the rows `predict`; and every other
# station with each left out in turn, for the rows `calibrate`. `own` are anomalies, own + level the field.
unseen <- function(own, level, hidden, places, kilometres, fit, predict, calibrate, side = NULL) {
  wanted <- !is.na(own) & (row(own) %in% predict & hidden[col(own)] | row(own) %in% calibrate & !hidden[col(own)])
  own[, hidden] <- NA
  past <- own[fit, ]
  used <- crossprod(!is.na(past)) >= 100 & upper.tri(diag(ncol(own)))
  r <- suppressWarnings(cor(past, use = "pairwise.complete.obs"))
  used <- used & is.finite(r)
  fitted <- exponential(kilometres[used], r[used])
  often <- colSums(!is.na(past)) >= 30
  sill <- mean(colMeans(past^2, na.rm = TRUE)[often] - colMeans(past, na.rm = TRUE)[often]^2)
  if (!is.finite(sill)) sill <- 1
  own[!row(own) %in% c(predict, calibrate)] <- NA
  kriged <- function(values, ordinary, side = NULL) {
    made <- krige(values, wanted, places, covariance(fitted, sill), ordinary, side = side)
    # Where the reading itself took part, what it would have been without it: residual / (1 - leverage).
    part <- wanted & !is.na(values)
    leverage <- made$variance[part] / nugget(fitted, sill)
    made$mean[part] <- values[part] - (values[part] - made$mean[part]) / (1 - leverage)
    made$variance <- made$variance + nugget(fitted, sill)
    made
  }
  field <- sweep(own, 2, level, "+")
  list(ordinary = kriged(field, TRUE), simple = kriged(own, FALSE),
       external = if (!is.null(side)) kriged(field, TRUE, side))
}

main <- function(command, folder, ...) {
  if (command != "var" && !requireNamespace("gstat", quietly = TRUE)) {
    message("the R package gstat is missing (Debian: apt-get install r-cran-gstat)")
    quit(status = 1)
  }
  numbers <- as.integer(c(...))
  stations <- numbers[1]
  range <- function(first) seq_len(numbers[first + 1] - numbers[first]) + numbers[first]
  table <- function(name) read_table(folder, name, stations)
  if (command == "var") {
    write_tables(folder, "var", autoregression(table("anomalies"), range(2), numbers[4]))
    return(invisible())
  }
  places <- read_table(folder, "stations", 3)
  kilometres <- table("kilometres")
  if (command == "day_before") {
    made <- day_before(table("anomalies"), places, kilometres, range(2), range(4))
    write_tables(folder, "ordinary", made$ordinary)
    write_tables(folder, "lagged", made$lagged)
  }
  if (command == "unseen") {
    side <- read_table(folder, "sides", 1)[, 1]
    if (length(side) == 0) side <- NULL
    calibrate <- range(2)[seq(1, length(range(2)), by = numbers[7])]
    for (group in seq_len(numbers[6]) - 1) {
      of_group <- function(name) table(paste0(group, ".", name))
      made <- unseen(of_group("own"), of_group("level")[1, ], of_group("hidden")[1, ] == 1, places, kilometres,
                     range(2), range(4), calibrate, side)
      write_tables(folder, paste0(group, ".kriged"), made$ordinary$mean, made$ordinary$variance, made$simple$mean,
                   made$simple$variance, made$external$mean, made$external$variance)
    }
  }
}

# Not when a test reads the functions.
if (sys.nframe() == 0) do.call(main, as.list(commandArgs(trailingOnly = TRUE)))
