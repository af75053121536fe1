using System.Globalization;

namespace Metering.Grains.Tests.Journal.Simulation;

public sealed class SimulationTests
{
    private const string SeedVariable = "METERING_SIMULATION_SEED";
    private const string CountVariable = "METERING_SIMULATION_SEEDS";
    private const int Seeds = 2_400;

    [Fact]
    public void Whatever_fails_no_answer_is_wrong_and_all_that_was_acknowledged_is_recovered_once_and_in_order()
    {
        var only = Number(SeedVariable);
        var (first, count) = only is { } seed ? (seed, 1) : (1, Number(CountVariable) ?? Seeds);
        var histories = new Simulation[count];
        var broken = new string?[count];
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, Environment.ProcessorCount / 2) }, index =>
        {
            histories[index] = new Simulation(first + index);
            try
            {
                histories[index].Run();
            }
            catch (Exception fault)
            {
                broken[index] = $"Seed {first + index}: {fault}\nRepeat with: {SeedVariable}={first + index} dotnet run --project tests/Metering.Grains.Tests -- -class {typeof(SimulationTests).FullName}";
            }
        });
        Assert.True(Array.TrueForAll(broken, fault => fault is null), $"{broken.Count(fault => fault is not null)} of {count} histories broke a law. {Array.Find(broken, fault => fault is not null)}");
        var (acknowledged, reads, trimmed) = (Sum(history => history.Acknowledged), Sum(history => history.Reads), Sum(history => history.Trimmed));
        var (lost, restored, rewritten) = (Sum(history => history.Lost), Sum(history => history.Restored), Sum(history => history.Rewritten));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Seeds {first} to {first + count - 1}: {acknowledged} charges acknowledged, {reads} reads answered, {Sum(history => history.Records)} records written, {trimmed} trimmed, "
            + $"{lost} lost by the store, {restored} of them put back; {rewritten} logs went on without what they had lost; "
            + $"{Sum(history => history.Archived)} entries archived, {Sum(history => history.Repeated)} more than once.");

        // A simulation in which nothing gets through proves nothing.
        Assert.True(acknowledged > 20L * count, $"Only {acknowledged} charges were acknowledged in {count} histories.");
        Assert.True(reads > 5L * count, $"Only {reads} reads were answered in {count} histories.");
        Assert.True(only is not null || trimmed > 0, "No log was ever trimmed.");
        Assert.True(only is not null || Sum(history => history.Repeated) > 0, "No crash ever fell between an archive's entries and its progress.");
        Assert.True(only is not null || restored > lost / 4, $"Of {lost} records that the stores lost only {restored} were put back.");

        long Sum(Func<Simulation, long> value) => histories.Sum(value);
    }

    [Fact]
    public void Same_seed_lives_the_same_history()
    {
        var (first, second) = (new Simulation(9), new Simulation(9));
        first.Run();
        second.Run();
        Assert.Equal((first.Acknowledged, first.Reads, first.Records, first.Lost, first.Trimmed), (second.Acknowledged, second.Reads, second.Records, second.Lost, second.Trimmed));
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}
