using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Metering.Contracts;
using Metering.Gateway.Security;
using Metering.Gateway.Tests.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Gateway.Tests.Security;

/// <summary>Whatever a gateway is asked to log, keys are not in it.</summary>
public sealed class SecretsInLogsTests
{
    [Fact]
    public async Task No_key_is_in_the_log_however_much_is_logged()
    {
        using var log = new Lines();
        var keys = new TestKeys();
        var key = keys.Add(Role.Admin);
        var wrong = KeyText.New().Text;
        await using var gateway = await keys.Start(configure: null, log);
        var told = new List<string> { TestKeys.AdminKey, key, wrong };
        foreach (var each in told.ToList())
        {
            gateway.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", each);
            await gateway.Get("/v1/accounts/acme");
            await gateway.Post("/v1/charges", "{}");
            var made = await gateway.Post("/v1/keys", """{"name":"k","role":"read"}""");
            var rotated = await gateway.Post("/v1/keys/K7dQ2mZx0PbT/rotate", "{}");
            told.AddRange(new[] { made, rotated }.Select(static reply => (string?)reply.Json["key"]).OfType<string>());
        }

        gateway.Grains.Account("acme").OnGet = static () => throw new InvalidOperationException("A fault of ours.");
        gateway.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        await gateway.Get("/v1/accounts/acme");

        Assert.Equal(7, told.Count);
        Assert.True(log.Count > 50, $"Only {log.Count} lines were logged.");
        Assert.All(told, secret => Assert.DoesNotContain(secret[20..], log.All, StringComparison.Ordinal));
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public int Count => _lines.Count;

        public string All => string.Join('\n', _lines);

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            _lines.Enqueue($"{state}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
