using Metering.Grains.Journal;
using Metering.Silo.Storage.Redis;
using Metering.TestServers;
using Microsoft.Extensions.Logging;

namespace Metering.Storage.Tests.Redis;

/// <summary>What a Redis must be for a silo to start on it.</summary>
public sealed class RedisStartTests
{
    private const int MayLoseTail = 2202;
    private const int IsVolatile = 2203;

    private static CancellationToken Cancel => TestRedis.Cancel;

    [Theory]
    [InlineData(false, "noeviction", "appendonly")]
    [InlineData(true, "allkeys-lru", "maxmemory-policy")]
    [InlineData(true, "volatile-ttl", "maxmemory-policy")]
    public async Task A_Redis_that_would_forget_is_refused_and_the_message_names_the_setting(bool appendOnly, string eviction, string setting)
    {
        await using var server = await TestRedis.StartAsync(new RedisSettings { AppendOnly = appendOnly, Eviction = eviction });

        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => StartAsync(TestRedis.Options(server.ConnectionString)));

        Assert.Contains($"set {setting} to ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(server.Address, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Theory]
    [InlineData(true, "noeviction", null)]
    [InlineData(false, "noeviction", "appendonly")]
    [InlineData(true, "allkeys-lru", "maxmemory-policy")]
    public async Task Where_CONFIG_is_forbidden_INFO_tells(bool appendOnly, string eviction, string? setting)
    {
        await using var server = await TestRedis.StartAsync(new RedisSettings
        {
            AppendOnly = appendOnly,
            Eviction = eviction,
            Arguments = ["--rename-command", "CONFIG", ""],
        });

        var start = () => StartAsync(TestRedis.Options(server.ConnectionString));

        if (setting is null)
        {
            Assert.Contains(MayLoseTail, await start());
        }
        else
        {
            Assert.Contains($"set {setting} to ", (await Assert.ThrowsAsync<JournalStoreException>(start)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_Redis_that_would_forget_is_taken_when_the_settings_say_so_with_a_warning()
    {
        await using var server = await TestRedis.StartAsync(new RedisSettings { AppendOnly = false });

        var events = await StartAsync(new RedisJournalOptions { Configuration = server.ConnectionString, ServiceId = TestRedis.ServiceId, AllowVolatile = true });

        Assert.Contains(IsVolatile, events);
    }

    [Theory]
    [InlineData("always", false)]
    [InlineData("everysec", true)]
    [InlineData("no", true)]
    public async Task A_Redis_that_may_lose_its_last_second_is_taken_with_a_warning(string sync, bool warns)
    {
        await using var server = await TestRedis.StartAsync(new RedisSettings { AppendSync = sync });

        var events = await StartAsync(TestRedis.Options(server.ConnectionString));

        Assert.Equal(warns, events.Contains(MayLoseTail));
    }

    [Fact]
    public async Task One_primary_of_a_cluster_that_would_forget_is_enough_to_refuse_it()
    {
        TestRedis.SkipWhenMissing();
        await using var cluster = await RedisCluster.StartAsync([new RedisSettings(), new RedisSettings(), new RedisSettings { AppendOnly = false }], Cancel);

        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => StartAsync(TestRedis.Options(cluster.ConnectionString)));

        Assert.Contains($"{cluster.Nodes[2].Port}", fault.Message, StringComparison.Ordinal);
        Assert.Contains("appendonly", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_is_used_and_never_told()
    {
        await using var server = await TestRedis.StartAsync(new RedisSettings { Password = "correct-horse" });
        await AssertWorksAsync(TestRedis.Options(server.ConnectionString));

        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => StartAsync(TestRedis.Options($"{server.Address},password=wrong-horse,connectTimeout=1000")));
        var noPassword = await Assert.ThrowsAsync<JournalStoreException>(() => StartAsync(TestRedis.Options($"{server.Address},connectTimeout=1000")));

        Assert.DoesNotContain("horse", fault.Message, StringComparison.Ordinal);
        Assert.Contains("password", fault.Message, StringComparison.Ordinal);
        Assert.Contains(server.Address, noPassword.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TLS_is_used_and_a_certificate_of_an_unknown_authority_refused()
    {
        await using var server = await TestRedis.StartAsync(new RedisSettings { UseTls = true, Password = "secret" });
        await AssertWorksAsync(new RedisJournalOptions
        {
            Configuration = server.ConnectionString,
            ServiceId = TestRedis.ServiceId,
            CertificateAuthorityFile = server.CertificateAuthorityFile,
        });

        await Assert.ThrowsAsync<JournalStoreException>(() => StartAsync(TestRedis.Options(server.ConnectionString)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("localhost:1,colour=blue")]
    public async Task A_connection_string_that_cannot_be_read_is_refused(string configuration) =>
        await Assert.ThrowsAsync<JournalStoreException>(() => StartAsync(TestRedis.Options(configuration)));

    [Fact]
    public async Task A_Redis_that_is_not_there_is_named()
    {
        var address = $"127.0.0.1:{FreePort.Next()}";

        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => StartAsync(TestRedis.Options($"{address},connectRetry=1")));

        Assert.Contains(address, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    private static async Task AssertWorksAsync(RedisJournalOptions options)
    {
        await using var connections = await TestRedis.ConnectAsync(options);
        var store = new RedisJournalStore(connections, TestRedis.ServiceId);
        Assert.Equal(AppendOutcome.Appended, await store.AppendAsync("log", 1, new byte[] { 1 }, Cancel));
        Assert.Equal(1, await store.LastAsync("log", Cancel));
    }

    /// <summary>Starts and stops.</summary>
    /// <returns>The events that were logged.</returns>
    private static async Task<IReadOnlyList<int>> StartAsync(RedisJournalOptions options)
    {
        var log = new EventList();
        await using var connections = new RedisConnections(options, options.Connections, log);
        await connections.ConnectAsync(Cancel);
        return log.Events;
    }

    private sealed class EventList : ILogger<RedisConnections>
    {
        public List<int> Events { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Events.Add(eventId.Id);
    }
}
