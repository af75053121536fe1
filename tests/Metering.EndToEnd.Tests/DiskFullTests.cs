namespace Metering.EndToEnd.Tests;

/// <summary>
/// A full disk is an ordinary night. The server must say so, keep what it acknowledged, and go on by itself once there is room.
/// </summary>
public sealed class DiskFullTests : CallerTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(200);
    private SmallDisk? _disk;

    [Fact]
    public async Task A_full_disk_refuses_loses_nothing_and_heals_once_there_is_room()
    {
        (_disk, var reason) = await SmallDisk.TryMountAsync(Cancellation);
        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.True(_disk is not null, reason);
        }

        Assert.SkipWhen(_disk is null, reason);
        var data = Path.Combine(_disk.Path, "data");
        var server = await StartReadyAsync(data);
        var api = Call(server);
        await CreateAccountsAsync(api);
        await TopUpAsync(api, "start");

        var callers = new Callers(Accounts, "full", seed: 1);
        await CallUntilAsync(callers, api, callers.AnsweredAsync(1_000), () => Task.Run(_disk.Fill));
        Assert.NotEmpty(callers.Unavailable);
        Say($"{callers.Records.Count} charges sent; the first refusal: {callers.Unavailable[0]}");

        _disk.MakeRoom();
        await WaitUntilServedAsync(api);
        await SettleAsync(api, callers.Records);

        // And all of it is on the disk, not only in memory.
        await server.KillAsync();
        await SettleAsync(Call(await StartReadyAsync(data)), callers.Records);
    }

    private protected override async ValueTask CleanUpAsync()
    {
        if (_disk is not null)
        {
            await _disk.DisposeAsync();
        }
    }

    // Every account must heal by being asked, and nothing but that.
    private async Task WaitUntilServedAsync(MeteringApi api)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        timeout.CancelAfter(Patience);
        using var probes = new PeriodicTimer(ProbeInterval);
        var last = "nothing";
        try
        {
            foreach (var account in Accounts)
            {
                while (await api.GetAccountAsync(account.Name, timeout.Token) is { IsSuccess: false } reply)
                {
                    last = $"{account.Name}: {reply}";
                    await probes.WaitForNextTickAsync(timeout.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
        {
            Assert.Fail($"There has been room for {Patience}, and the server still answers: {last}");
        }
    }
}
