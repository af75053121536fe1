using Metering.Contracts;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Charges of one account in one message: one turn, and entries handed to the journal together, but each on its own.</summary>
public sealed class ChargesTogetherTests
{
    private const int Charges = 300;
    private readonly World _world = new();

    [BoundedFact]
    public async Task More_of_them_than_a_record_holds_are_all_there_after_a_crash()
    {
        await using (var cluster = await AccountCluster.StartPricedAsync(_world, static settings => settings.Journal.MaxRecordBytes = 4_096))
        {
            var acme = await cluster.FundAsync("acme", 1_000m);
            var answers = await acme.ChargeMany([.. Enumerable.Range(0, Charges).Select(i => Requests.Calls($"c{i}", 1m))]);

            Assert.Equal(Enumerable.Range(0, Charges).Select(i => 999m - i), answers.Select(answer => answer.Granted().Balance));
            cluster.Crash();
        }

        await using var next = await AccountCluster.StartAsync(_world);
        Assert.Equal(1_000m - Charges, (await next.Account("acme").Get().Granted()).Balance);
        Assert.True((await next.Account("acme").Charge(Requests.Calls($"c{Charges - 1}", 1m)).Granted()).Replayed);
    }

    [BoundedFact]
    public async Task A_repeat_and_a_refusal_among_them_leave_the_others_as_they_are()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);

        var answers = await acme.ChargeMany(
        [
            Requests.Calls("a", 4m), Requests.Calls("a", 4m), Requests.Calls("a", 5m), Requests.Calls("b", 7m), Requests.Calls("c", 6m), Requests.Calls("d", 1m),
        ]);

        Assert.Equal((6m, false), (answers[0].Granted().Balance, answers[0].Granted().Replayed));
        Assert.Equal((6m, true), (answers[1].Granted().Balance, answers[1].Granted().Replayed));
        answers[2].Refused(Code.IdReused);
        answers[3].Refused(Code.InsufficientCredits);
        Assert.Equal(0m, answers[4].Granted().Balance);
        answers[5].Refused(Code.InsufficientCredits);
    }

    [BoundedFact]
    public async Task Their_answers_wait_for_the_record_that_holds_the_last_of_them()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world, static settings => settings.Journal.MaxRecordBytes = 4_096);
        var acme = await cluster.FundAsync("acme", 1_000m);
        _world.Journal.Holds = true;

        var answers = acme.ChargeMany([.. Enumerable.Range(0, Charges).Select(i => Requests.Calls($"c{i}", 1m))]);
        var held = await _world.Journal.NextHeldAsync();
        held.Let();
        held = await _world.Journal.NextHeldAsync();
        Assert.False(answers.IsCompleted, "The first record was written; the last entries were not.");
        _world.Journal.Holds = false;
        held.Let();

        Assert.All(await answers, static answer => answer.Granted());
    }
}
