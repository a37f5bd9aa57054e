/* Work in an OpenMP region of the compiler's own runtime: a copy beside those that the wheels bring. */
double spin(long steps)
{
    double total = 0.0;
#pragma omp parallel reduction(+ : total)
    for (long i = 1; i <= steps; i++)
        total += 1.0 / (double)i;
    return total;
}
