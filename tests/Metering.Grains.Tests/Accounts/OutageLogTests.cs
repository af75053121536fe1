using Metering.Grains.Accounts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Metering.Grains.Tests.Accounts;

public sealed class OutageLogTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _lines = [];

    [Fact]
    public void What_fails_for_thousands_alike_is_one_line_now_and_then_that_counts_the_others()
    {
        var outages = new OutageLog(_time, new Lines(_lines));
        for (var i = 0; i < 1_000; i++)
        {
            outages.SnapshotFailed($"acme-{i}", new IOException("The store is away."));
        }

        // Another kind of failure is told at once.
        outages.SnapshotNotRead("globex", new IOException("The store is away."));
        _time.Advance(TimeSpan.FromSeconds(5));
        outages.SnapshotFailed("acme-0", new IOException("The store is away."));

        Assert.Equal(3, _lines.Count);
        Assert.StartsWith("Account acme-0 could not write its snapshot, and 0 others", _lines[0], StringComparison.Ordinal);
        Assert.StartsWith("Account globex could not read its snapshot, and 0 others", _lines[1], StringComparison.Ordinal);
        Assert.StartsWith("Account acme-0 could not write its snapshot, and 999 others", _lines[2], StringComparison.Ordinal);
    }

    private sealed class Lines(List<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => lines.Add(formatter(state, exception));
    }
}
