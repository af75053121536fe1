using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Metering.TestServers;

namespace Metering.Silo.Tests;

/// <summary>The silo as its operators meet it.</summary>
public sealed class SiloProgramTests
{
    [Fact]
    public async Task It_says_when_it_is_ready_tells_its_health_and_stops_when_told()
    {
        await using var redis = await TestRedis.StartAsync(new RedisSettings());
        await using var silo = SiloProgram.Start($"Redis={redis.ConnectionString}");

        var line = await silo.ReadyAsync();

        Assert.Matches("^Metering silo ready: silo 127.0.0.1:[0-9]+, clients [0-9]+, health http://127.0.0.1:[0-9]+$", line);
        Assert.Equal((HttpStatusCode.OK, "live", 0), await Health(silo, "live"));
        Assert.Equal((HttpStatusCode.OK, "ready", 0), await Health(silo, "ready"));

        await silo.TerminateAsync();
        var (exitCode, errors) = await silo.EndedAsync();
        Assert.Equal(0, exitCode);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_Redis_whose_certificate_an_authority_of_one_s_own_has_signed_is_trusted_when_the_authority_is_named()
    {
        await using var redis = await TestRedis.StartAsync(new RedisSettings { UseTls = true, Password = "secret" });
        await using var silo = SiloProgram.Start($"Redis={redis.ConnectionString}", $"RedisCertificateAuthorityFile={redis.CertificateAuthorityFile}");
        await silo.ReadyAsync();
        Assert.Equal((HttpStatusCode.OK, "ready", 0), await Health(silo, "ready"));

        await using var distrustful = SiloProgram.Start($"Redis={redis.ConnectionString},connectTimeout=500,connectRetry=1");
        await EndedWith(distrustful, "cannot be reached");
    }

    [Fact]
    public async Task Without_the_membership_s_Redis_it_is_degraded_and_with_it_ready_again()
    {
        await using var redis = await TestRedis.StartAsync(new RedisSettings());
        await using var journal = await TestRedis.StartAsync(new RedisSettings());
        await using var silo = SiloProgram.Start($"Redis={redis.ConnectionString}", $"JournalRedis={journal.ConnectionString}");
        await silo.ReadyAsync();

        await redis.PauseAsync(TestContext.Current.CancellationToken);
        await Until(silo, (HttpStatusCode.OK, "degraded", 1));

        await redis.ResumeAsync(TestContext.Current.CancellationToken);
        await Until(silo, (HttpStatusCode.OK, "ready", 0));
    }

    [Theory]
    [InlineData("Metering__Redis is missing")]
    [InlineData("Metering__Nope is not a setting", "Redis=127.0.0.1:1", "Nope=1")]
    [InlineData("Redis 127.0.0.1:1 cannot be reached", "Redis=127.0.0.1:1,connectTimeout=500,connectRetry=1")]
    [InlineData("Metering__Snapshots is Custom", "Redis=127.0.0.1:1", "Snapshots=Custom")]
    public async Task What_keeps_it_from_starting_is_said_in_one_line(string expected, params string[] settings)
    {
        await using var silo = SiloProgram.Start(settings);

        await EndedWith(silo, expected);
    }

    [Fact]
    public async Task A_membership_s_Redis_that_does_not_answer_is_named()
    {
        await using var journal = await TestRedis.StartAsync(new RedisSettings());
        await using var silo = SiloProgram.Start($"JournalRedis={journal.ConnectionString}", "Redis=127.0.0.1:1,connectTimeout=500,connectRetry=1,password=secret");

        await EndedWith(silo, "no Redis that can be used answers at 127.0.0.1:1 (Metering__Redis)");
    }

    [Fact]
    public async Task A_store_of_another_number_of_partitions_is_refused()
    {
        await using var redis = await TestRedis.StartAsync(new RedisSettings());
        await using (var silo = SiloProgram.Start($"Redis={redis.ConnectionString}"))
        {
            await silo.ReadyAsync();
            await silo.TerminateAsync();
            await silo.EndedAsync();
        }

        await using var other = SiloProgram.Start($"Redis={redis.ConnectionString}", "Partitions=16");

        await EndedWith(other, "The store was created with 8 journal partitions");
    }

    [Theory]
    [InlineData("SiloPort")]
    [InlineData("ClientPort")]
    [InlineData("HealthPort")]
    public async Task A_port_that_is_taken_is_named(string setting)
    {
        await using var redis = await TestRedis.StartAsync(new RedisSettings());
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        await using var silo = SiloProgram.Start($"Redis={redis.ConnectionString}", $"{setting}={port}");

        await EndedWith(silo, port);
    }

    private static async Task EndedWith(SiloProgram silo, string expected)
    {
        var (exitCode, errors) = await silo.EndedAsync();
        Assert.Equal(1, exitCode);
        var line = Assert.Single(errors);
        Assert.StartsWith("Metering did not start: ", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Code, string Status, int Reasons)> Health(SiloProgram silo, string what)
    {
        using var http = new HttpClient();
        using var response = await http.GetAsync(new Uri(silo.Health, $"/healthz/{what}"), TestContext.Current.CancellationToken);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return (response.StatusCode, body.RootElement.GetProperty("status").GetString()!, body.RootElement.GetProperty("reasons").GetArrayLength());
    }

    private static async Task Until(SiloProgram silo, (HttpStatusCode Code, string Status, int Reasons) expected)
    {
        var health = await Health(silo, "ready");
        for (var looks = 0; looks < 300 && health != expected; looks++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            health = await Health(silo, "ready");
        }

        Assert.Equal(expected, health);
    }
}
